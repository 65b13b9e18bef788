/// What a layer has done so far, so that its whiteouts hide what lower layers have and never what it has itself, wherever
/// in the archive they stand (OCI image-spec, layer.md, "Whiteouts").
final class LayerHistory {
    /// There are layers below.
    let hasLower: Bool

    private enum Touch {
        /// An entry of this layer, or a folder made for one.
        case made
        /// A link of this layer.
        case madeLink
        /// Something that was there already, used or described anew.
        case used
    }
    /// By fingerprint, since a layer may have a million entries with long names. Two places with the same one are as likely as
    /// a broken memory: the key of the fingerprints is drawn anew in each process.
    private var touched: [Int: Touch] = [:]
    /// Folders in which something was touched.
    private var busyFolders: Set<UInt64> = []
    /// Folders that are this layer's: there is nothing of lower layers in them.
    private var ownFolders: Set<UInt64> = []
    /// Links that a whiteout was led by.
    private var whiteoutLinks: Set<Int> = []

    init(hasLower: Bool) { self.hasLower = hasLower }

    func made(_ place: Place, isLink: Bool = false) { touch(place, isLink ? .madeLink : .made) }

    func madeFolder(_ place: Place, inode: UInt64) {
        guard hasLower else { return }
        touch(place, .made)
        ownFolders.insert(inode)
    }

    func used(_ place: Place) {
        guard hasLower, touched[place.hashValue] == nil else { return }
        touch(place, .used)
    }

    private func touch(_ place: Place, _ touch: Touch) {
        guard hasLower else { return }
        touched[place.hashValue] = touch
        busyFolders.insert(place.folder)
    }

    /// A folder is gone, and its number may be given to another.
    func removed(folder inode: UInt64) {
        ownFolders.remove(inode)
        busyFolders.remove(inode)
    }

    func whiteoutFollows(_ place: Place) -> Bool {
        // A link of this layer leads to nothing that its whiteouts could mean.
        guard touched[place.hashValue] != .madeLink else { return false }
        whiteoutLinks.insert(place.hashValue)
        return true
    }

    /// A folder has nothing in it that a whiteout could hide.
    func isOwn(_ folder: UInt64) -> Bool { ownFolders.contains(folder) }

    /// A whiteout comes too late: what it hides was used by this layer.
    func isTouched(_ place: Place) -> Bool { touched[place.hashValue] != nil }
    func isBusy(_ folder: UInt64) -> Bool { busyFolders.contains(folder) }

    /// An entry comes too late: it replaces a link that a whiteout was led by.
    func hasLed(_ place: Place) -> Bool { whiteoutLinks.contains(place.hashValue) }
}

/// A whiteout and an entry stand in the archive in an order in which they cannot be carried out one after the other: the
/// layer must be begun anew, with its whiteouts known beforehand (`WhiteoutScan`).
public struct WhiteoutOrder: Error {}
