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
    /// Much of `/proc` is read, and it may be kept waiting by what it looks at (`DeviceUsers.named`).
    /// - Parameters:
    ///   - name: of the file system, wherever it is mounted.
    ///   - folder: where its properties have it mounted; nil if it is not.
    init(of name: DatasetName, at folder: String?) {
        var isScripts = false
        let here = MountTable(of: "self")?.mounts ?? []
        let devices = FolderUsers.devices(
            of: name, at: folder, here: here, elsewhere: ForeignMounts.all { $0.isOf(name) })
        others = DeviceUsers(filesOf: devices, at: here.filter { $0.isOf(name) }.map(\.path)).named {
            guard FolderUsers.isOfScript($0) else { return false }
            isScripts = true
            return true
        }
        areOfScript = isScripts
    }

    /// The devices on which the file system's files are, and those of what is mounted in it here. What is mounted beside it as well,
    /// as `/dev`, is somebody else's.
    static func devices(
        of name: DatasetName, at folder: String?, here: [MountTable.Mount], elsewhere: [MountTable.Mount]
    ) -> Set<String> {
        let own = here.filter { $0.isOf(name) }
        let folders = own.map(\.path) + [folder].compactMap(\.self)
        let inside = Set(here.filter { mount in folders.contains { isInside(mount.path, $0) } })
        let beside = Set(here.filter { !inside.contains($0) }.map(\.device))
        return Set(inside.map(\.device)).subtracting(beside).union((own + elsewhere).map(\.device))
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

    /// A process sees what is mounted for a script alone, or has its mounts in common with one that does: of a root further down it
    /// sees less.
    private static func isOfScript(_ process: Int32) -> Bool {
        if seesPlace(process) { return true }
        guard let namespace = ForeignMounts.namespace(of: "\(process)"),
            namespace != ForeignMounts.namespace(of: "self")
        else { return false }
        let others = (try? processes) ?? []
        return others.contains { ForeignMounts.namespace(of: "\($0)") == namespace && seesPlace($0) }
    }

    /// Linux has file systems of its own for that place.
    private static func seesPlace(_ process: Int32) -> Bool {
        MountTable(of: "\(process)")?.mounts.contains { mount in
            mount.path.hasSuffix(MachineScript.place) && mount.type != "nfsd"
        } ?? false
    }

    private static var processes: [pid_t] {
        get throws { try HostFile.names(in: "/proc").compactMap { pid_t($0) }.filter { $0 != getpid() } }
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
