import Failure
import Host

extension ZFS {
    /// What a dataset has: its snapshots, in the order of their making, and the datasets below it.
    public struct Contents: Sendable {
        /// Of the dataset itself: another one has taken its name if it is another.
        public internal(set) var guid: UInt64
        public internal(set) var snapshots: [Snapshot] = []
        public internal(set) var below: [DatasetName] = []

        public struct Snapshot: Sendable, Hashable {
            public let name: SnapshotName
            public let guid: UInt64
            /// Somebody wants it kept (zfs-hold(8)).
            public let isHeld: Bool
            let creation: UInt64
        }
    }

    /// All that a dataset has, as it is at one moment. Bookmarks, which keep no data, are left out.
    ///
    /// - Throws: `DatasetNotFound`; `ZfsError` for what cannot be read: it must not be taken for nothing.
    public func contents(of name: DatasetName) async throws -> Contents {
        let properties = ["guid", "userrefs", "creation"]
        let outcome = try await zfs(
            "get", "-Hp", "-r", "-o", "name,property,value", properties.joined(separator: ","), name.description,
            doing: "list what \"\(name)\" has")
        var order: [String] = []
        var found: [String: [String: String]] = [:]
        for line in outcome.output.split(separator: UInt8(ascii: "\n")) {
            let cells = line.split(separator: UInt8(ascii: "\t")).map { String(decoding: $0, as: UTF8.self) }
            guard cells.count == 3 else { throw ZFS.unreadable(String(decoding: line, as: UTF8.self), of: name) }
            if found[cells[0]] == nil { order.append(cells[0]) }
            found[cells[0], default: [:]][cells[1]] = cells[2]
        }
        guard let guid = found[name.description]?["guid"].flatMap({ UInt64($0) }) else {
            throw ZFS.unreadable("no guid", of: name)
        }
        var contents = Contents(guid: guid)
        for full in order where !full.contains("#") {
            if let snapshot = SnapshotName(full) {
                guard snapshot.dataset == name else { continue }
                guard let values = found[full], let guid = values["guid"].flatMap({ UInt64($0) }),
                    let creation = values["creation"].flatMap({ UInt64($0) })
                else { throw ZFS.unreadable(full, of: name) }
                contents.snapshots.append(
                    Contents.Snapshot(
                        name: snapshot, guid: guid, isHeld: ZFS.isHeld(references: values["userrefs"]),
                        creation: creation))
            } else if let other = DatasetName(full) {
                if other != name { contents.below.append(other) }
            } else {
                throw ZFS.unreadable(full, of: name)
            }
        }
        // Those of one second come in the order of zfs.
        contents.snapshots = contents.snapshots.enumerated()
            .sorted { ($0.element.creation, $0.offset) < ($1.element.creation, $1.offset) }.map(\.element)
        return contents
    }

    private static func unreadable(_ what: String, of name: DatasetName) -> Failure {
        Failure(.zfs, "zfs get has something of \"\(name)\" that cannot be read: \(what.prefix(300))")
    }

    /// - Parameter references: how many want a snapshot kept. Pools of old versions know no holds, and have `-` there.
    static func isHeld(references: String?) -> Bool { references.flatMap { UInt64($0) } ?? 0 > 0 }
}
