import Glibc

/// The environment of this process.
public enum ProcessEnvironment {
    /// All variables; where one is set twice, the first counts, as for `getenv`.
    public static var variables: [String: String] {
        var result: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let line = unsafe String(cString: text)
            if let equals = line.firstIndex(of: "="), result[String(line[..<equals])] == nil {
                result[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            unsafe entry = entry.advanced(by: 1)
        }
        return result
    }

    /// The user sits at a terminal: standard input and error are one.
    public static var isInteractive: Bool { isatty(0) == 1 && isatty(2) == 1 }
}
