/// A file system or volume as `zfs list` shows it.
public struct Dataset: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case filesystem, volume }

    public let name: DatasetName
    public let kind: Kind
    /// The snapshot it is a clone of.
    public let origin: SnapshotName?
    /// Where it is mounted, by its property; nil for a volume, or if it is `none` or `legacy`.
    public let mountpoint: String?
    /// The user property `imgadm:ignore` is set to true or yes (state.md, "Datasets").
    public let isIgnored: Bool
    /// What it is known by whatever it is called; nil where `zfs list` rounds it, as zfs-fuse does.
    public let guid: UInt64?

    /// With the name at both ends, so that no value can make up a line (`ZFS+Told`).
    static let columns = "name,type,origin,guid,mountpoint,imgadm:ignore,name"

    /// A line of `zfs list -H -o columns`; nil for one that is none (a property value may hold anything).
    init?(line: ArraySlice<UInt8>) {
        let cells = line.split(separator: UInt8(ascii: "\t"), maxSplits: 7, omittingEmptySubsequences: false)
        guard cells.count == 7, cells[6].elementsEqual(cells[0]), let name = DatasetName(bytes: cells[0]) else {
            return nil
        }
        self.init(name, Array(cells[1..<6]))
    }

    /// The columns that nobody chooses the text of.
    static let fixedColumns = "name,type,origin,guid"

    /// A line of `zfs list -H -o fixedColumns`.
    ///
    /// - Parameters:
    ///   - mountpoint: what else is known.
    ///   - ignore: that, too.
    init?(_ name: DatasetName, fixed cells: [ArraySlice<UInt8>], mountpoint: String, ignore: String) {
        self.init(name, Array(cells.dropFirst()) + [Array(mountpoint.utf8)[...], Array(ignore.utf8)[...]])
    }

    /// Of properties; nil for what is neither a file system nor a volume.
    init?(_ name: DatasetName, _ values: [String: String]) {
        self.init(
            name,
            ["type", "origin", "guid", "mountpoint", "imgadm:ignore"].map { Array((values[$0] ?? "-").utf8)[...] })
    }

    /// - Parameter cells: type, origin, guid, mount point, and whether it is to be ignored.
    private init?(_ name: DatasetName, _ cells: [ArraySlice<UInt8>]) {
        if cells[0].elementsEqual("filesystem".utf8) {
            kind = .filesystem
        } else if cells[0].elementsEqual("volume".utf8) {
            kind = .volume
        } else {
            return nil
        }
        self.name = name
        origin = SnapshotName(bytes: cells[1])
        guid = UInt64(String(decoding: cells[2], as: UTF8.self))
        mountpoint = cells[3].first == UInt8(ascii: "/") ? String(decoding: cells[3], as: UTF8.self) : nil
        isIgnored = cells[4].elementsEqual("true".utf8) || cells[4].elementsEqual("yes".utf8)
    }
}
