import Host

/// The snapshots `@final` of machines: `create` takes one to send it, and destroys it again. As long as it is there, the machine looks
/// like an image, to whatever root and however the run has ended; so such a snapshot has a mark from the moment it is there.
extension ZFS {
    static let machineMark = "imgadm:machine"

    /// Takes a snapshot with that mark.
    ///
    /// - Throws: `DatasetExists`.
    public func snapshotMachine(_ name: SnapshotName) async throws {
        try await zfs(
            "snapshot", "-o", "\(ZFS.machineMark)=true", name.description, doing: "take snapshot \"\(name)\"")
    }

    /// Which of these snapshots have the mark themselves.
    public func ofMachines(_ snapshots: [SnapshotName]) async throws -> Set<SnapshotName> {
        var marked: Set<SnapshotName> = []
        for names in snapshots.map(\.description).bundledForCalls() {
            let lines = try await present(
                ["get", "-H", "-o", "name,source,value", ZFS.machineMark], named: names, doing: "look up snapshots")
            for line in lines {
                let cells = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
                guard cells.count == 3, cells[1].elementsEqual("local".utf8), cells[2].elementsEqual("true".utf8),
                    let name = SnapshotName(bytes: cells[0])
                else { continue }
                marked.insert(name)
            }
        }
        return marked
    }
}
