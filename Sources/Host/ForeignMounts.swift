import Glibc

/// The mounts of other mount namespaces.
///
/// A process is told of what is mounted below its root. So each root that processes of a namespace have is looked from once.
public enum ForeignMounts {
    /// Where else something is mounted, in words.
    ///
    /// - Parameter isIt: whether a mount is the thing.
    public static func named(_ isIt: (MountTable.Mount) -> Bool) -> [String] {
        var told: Set<String> = []
        return views().flatMap { view, process, table -> [String] in
            let mounts = table.mounts.filter(isIt)
            // From another root the same mounts are seen by other names.
            guard !mounts.isEmpty, told.insert(view.namespace).inserted else { return [] }
            return mounts.map {
                "mount \($0.path) in the namespace of process \(process) (\(DeviceUsers.name(of: process)))"
            }
        }
    }

    /// The places where something is mounted elsewhere.
    ///
    /// - Parameter isIt: whether a mount is the thing.
    public static func all(where isIt: (MountTable.Mount) -> Bool) -> [MountTable.Mount] {
        views().flatMap { $0.table.mounts.filter(isIt) }
    }

    /// The mount namespace of a process.
    ///
    /// - Parameter process: its number, or `self`.
    /// - Returns: nil if there is no such process any more, or it is none of our business.
    public static func namespace(of process: String) -> String? { ProcFolder.link("/proc/\(process)/ns/mnt") }

    /// From where a process looks.
    struct View: Hashable {
        let namespace: String
        let root: String
    }

    private static func views() -> [(view: View, process: String, table: MountTable)] {
        let own = namespace(of: "self")
        return views(of: ProcFolder.names("/proc").filter { pid_t($0) != nil }) { process in
            guard let namespace = namespace(of: process), namespace != own,
                let root = ProcFolder.link("/proc/\(process)/root")
            else { return nil }
            return View(namespace: namespace, root: root)
        } table: {
            MountTable(of: $0)
        }
    }

    /// Each view once, from a process that lived until it had been looked from there.
    static func views(
        of processes: [String], view: (String) -> View?, table: (String) -> MountTable?
    ) -> [(view: View, process: String, table: MountTable)] {
        var seen: Set<View> = []
        return processes.compactMap { process in
            guard let view = view(process), !seen.contains(view), let table = table(process) else { return nil }
            seen.insert(view)
            return (view, process, table)
        }
    }
}
