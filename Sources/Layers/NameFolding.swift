/// File systems to which different names are one: `casesensitivity=insensitive` or `mixed`, `normalization` (zfsprops(7)).
enum NameFolding {
    // Names that no image has, since they are AUFS's own: one, in other letters, and in other code points.
    private static let probe = EntryName(".wh..wh.imgadm-\u{e5}".utf8)
    private static let others = [
        EntryName(".WH..WH.IMGADM-\u{c5}".utf8), EntryName(".wh..wh.imgadm-a\u{30a}".utf8),
        EntryName(".WH..wh.imgadm-\u{e5}".utf8),
    ]

    /// Finds out by trying; nothing of it stays.
    static func isOn(in folder: FolderHandle) throws -> Bool {
        guard let probe else { return false }
        try folder.makeFolder(probe)
        let found = try others.contains { other in try other.map { try folder.status($0) != nil } ?? false }
        try folder.removeFolder(probe)
        return found
    }
}
