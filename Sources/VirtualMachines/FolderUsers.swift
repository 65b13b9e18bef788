import Glibc
import Host
import SystemPackage

/// The processes that use something in a folder, by what `/proc` tells of their root, current folder, program and open
/// files (proc(5)).
enum FolderUsers {
    static func of(_ folder: String) -> [pid_t] {
        processes.filter { pid in
            let base = "/proc/\(pid)"
            return ["root", "cwd", "exe"].contains { isInside(link("\(base)/\($0)"), folder) }
                || HostFile.names(in: FilePath("\(base)/fd")).contains { isInside(link("\(base)/fd/\($0)"), folder) }
        }
    }

    /// Ends the processes whose root is in a folder, and waits until they are gone.
    static func endRooted(in folder: String) async throws {
        for _ in 0..<200 {
            let users = processes.filter { isInside(link("/proc/\($0)/root"), folder) }
            guard !users.isEmpty else { return }
            for pid in users { kill(pid, SIGKILL) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static var processes: [pid_t] {
        HostFile.names(in: "/proc").compactMap { pid_t($0) }.filter { $0 != getpid() }
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
