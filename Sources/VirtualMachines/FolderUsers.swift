import Glibc
import Host
import SystemPackage
import Time

/// The processes that use something in a folder, by what `/proc` tells of their root, current folder, program and open
/// files (proc(5)).
enum FolderUsers {
    static func of(_ folder: String) throws -> [pid_t] {
        try processes.filter { pid in
            let base = "/proc/\(pid)"
            return ["root", "cwd", "exe"].contains { isInside(link("\(base)/\($0)"), folder) }
                || openFiles(base).contains { isInside($0, folder) }
        }
    }

    /// Ends the processes whose root is in a folder, and waits until they are gone.
    static func endRooted(in folder: String) async throws {
        let ending = Backoff(
            patience: .seconds(4), firstPause: .milliseconds(20), longestPause: .milliseconds(200))
        // Those that do not go keep the folder busy, and whoever unmounts it says so.
        _ = try await ending.until(by: .real) {
            let users = try processes.filter { isInside(link("/proc/\($0)/root"), folder) }
            for pid in users { kill(pid, SIGKILL) }
            return users.isEmpty
        }
    }

    private static var processes: [pid_t] {
        get throws { try HostFile.names(in: "/proc").compactMap { pid_t($0) }.filter { $0 != getpid() } }
    }

    private static func openFiles(_ base: String) -> [String] {
        // A process that has ended meanwhile has none; into those of other users only root can look.
        let names = (try? HostFile.names(in: FilePath("\(base)/fd"))) ?? []
        return names.map { link("\(base)/fd/\($0)") }
    }

    private static func link(_ path: String) -> String {
        var target = [CChar](repeating: 0, count: 4097)
        let length = unsafe readlink(path, &target, 4096)
        guard length > 0 else { return "" }
        return String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isInside(_ path: String, _ folder: String) -> Bool {
        path == folder || path.hasPrefix(folder + "/")
    }
}
