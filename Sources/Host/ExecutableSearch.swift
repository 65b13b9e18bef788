import Glibc
public import SystemPackage

/// Where a program lies: the folders of `PATH`, then those of the system's administrators, which an unprivileged
/// user's `PATH` often lacks.
public enum ExecutableSearch {
    public static func find(_ program: String) -> FilePath? {
        if program.contains("/") { return FilePath(program) }
        for folder in searchPath {
            let path = FilePath(folder).appending(program)
            if unsafe path.withPlatformString({ unsafe access($0, X_OK) }) == 0 { return path }
        }
        return nil
    }

    private static var searchPath: [String] {
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
        return path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
    }
}
