import Glibc
public import SystemPackage

/// Where a program lies: the folders of `PATH`, then those of the system's administrators, which an unprivileged
/// user's `PATH` often lacks.
public enum ExecutableSearch {
    /// - Returns: nil if there is no such program, or it cannot be run.
    public static func find(_ program: String) -> FilePath? {
        find(program, path: unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "")
    }

    static func find(_ program: String, path: String) -> FilePath? {
        if program.contains("/") { return isExecutable(FilePath(program)) ? FilePath(program) : nil }
        guard !program.isEmpty else { return nil }
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
        return folders.lazy.map { FilePath($0).appending(program) }.first(where: isExecutable)
    }

    private static func isExecutable(_ path: FilePath) -> Bool {
        guard unsafe path.withPlatformString({ unsafe access($0, X_OK) }) == 0 else { return false }
        // A folder has the same permission, which means something else there.
        return (try? path.stat().type) == .regular
    }
}
