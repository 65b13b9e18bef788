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
    init?(line: Substring) {
        let cells = line.split(separator: "\t", maxSplits: 4, omittingEmptySubsequences: false)
        guard cells.count == 5, let name = DatasetName(String(cells[0])) else { return nil }
        switch cells[1] {
        case "filesystem": kind = .filesystem
        case "volume": kind = .volume
        default: return nil
        }
        self.name = name
        origin = SnapshotName(String(cells[2]))
        mountpoint = cells[3].hasPrefix("/") ? String(cells[3]) : nil
        isIgnored = cells[4] == "true" || cells[4] == "yes"
    }
}
