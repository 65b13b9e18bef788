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

    static let columns = "name,type,origin,mountpoint,imgadm:ignore"

    /// A line of `zfs list -H -o columns`; nil for one that is none (a property value may hold anything).
    init?(line: ArraySlice<UInt8>) {
        var cells = line.split(separator: UInt8(ascii: "\t"), maxSplits: 4, omittingEmptySubsequences: false)[...]
        guard cells.count == 5, let name = cells.popFirst().flatMap({ DatasetName(bytes: $0) }) else { return nil }
        self.init(name, Array(cells))
    }

    /// Of properties; nil for what is neither a file system nor a volume.
    init?(_ name: DatasetName, _ values: [String: String]) {
        self.init(name, ["type", "origin", "mountpoint", "imgadm:ignore"].map { Array((values[$0] ?? "-").utf8)[...] })
    }

    /// - Parameter cells: type, origin, mount point, and whether it is to be ignored.
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
        mountpoint = cells[2].first == UInt8(ascii: "/") ? String(decoding: cells[2], as: UTF8.self) : nil
        isIgnored = cells[3].elementsEqual("true".utf8) || cells[3].elementsEqual("yes".utf8)
    }
}
