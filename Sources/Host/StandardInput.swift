import SystemPackage

/// Standard input, read whole.
public enum StandardInput {
    /// - Throws: `FileSystemError` for what is longer than the limit.
    public static func read(limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        do {
            while true {
                let count = try unsafe chunk.withUnsafeMutableBytes {
                    try unsafe FileDescriptor.standardInput.read(into: $0)
                }
                if count == 0 { return bytes }
                bytes += chunk[..<count]
                guard bytes.count <= limit else { throw Errno.fileTooLarge }
            }
        } catch {
            throw HostFile.failure("cannot read", "standard input", error)
        }
    }
}
