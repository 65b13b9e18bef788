import Glibc
import Host
import SystemPackage
import Time
import ZFS

/// Who has something of a file system open.
struct FolderUsers {
    /// What a script runs in is.
    private(set) var areOfScript = false
    /// The others, each in words.
    private(set) var others: [String] = []

    var areNone: Bool { !areOfScript && others.isEmpty }

    /// What a process has open is told by the device it is on: paths are those of its own mount namespace, as of a container that has
    /// the file system for its root. Other namespaces have copies of the mounts of this one, so that a mount alone says nothing.
    ///
    /// Much of `/proc` is read: call it on a thread of its own.
    /// - Parameters:
    ///   - name: of the file system, wherever it is mounted.
    ///   - folder: where its properties have it mounted; nil if it is not.
    init(of name: DatasetName, at folder: String?) throws {
        let isIt = { (mount: MountTable.Mount) -> Bool in
            mount.source == name.description && ["zfs", "fuse.zfs"].contains(mount.type)
        }
        var isScripts = false
        func isOfScript(_ process: Int32) -> Bool {
            guard FolderUsers.isOfScript(process) else { return false }
            isScripts = true
            return true
        }
        let here = MountTable(of: "self")?.mounts.filter(isIt) ?? []
        if let mount = here.first ?? ForeignMounts.first(where: isIt) {
            others = DeviceUsers(filesOf: mount.device, at: here.map(\.path))?.named(except: isOfScript) ?? []
        }
        // What is mounted below is another device.
        if others.isEmpty, let folder {
            others = try FolderUsers.processes(in: folder).filter { !isOfScript($0) }.map { "process \($0)" }
        }
        areOfScript = isScripts
    }

    /// Ends what a script has left running in a folder, and waits until it is gone. Other processes are not touched.
    static func endScript(in folder: String) async throws {
        let ending = Backoff(
            patience: .seconds(4), firstPause: .milliseconds(20), longestPause: .milliseconds(200))
        // Those that do not go keep the folder busy, and whoever unmounts it says so.
        _ = try await ending.until(by: .real) {
            let users = try processes.filter { isInside(link("/proc/\($0)/root"), folder) && isOfScript($0) }
            for pid in users { kill(pid, SIGKILL) }
            return users.isEmpty
        }
    }

    /// A process sees what is mounted for a script alone. Linux has file systems of its own for that place.
    private static func isOfScript(_ process: Int32) -> Bool {
        MountTable(of: "\(process)")?.mounts.contains { mount in
            mount.path.hasSuffix(MachineScript.place) && mount.type != "nfsd"
        } ?? false
    }

    private static func processes(in folder: String) throws -> [pid_t] {
        try processes.filter { pid in
            let base = "/proc/\(pid)"
            return ["root", "cwd", "exe"].contains { isInside(link("\(base)/\($0)"), folder) }
                || openFiles(base).contains { isInside($0, folder) }
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
