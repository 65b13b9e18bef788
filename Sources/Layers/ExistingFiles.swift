/// What lies where a tree is made that is no layer: somebody's files. One of them makes room for an entry of its name, but a folder only
/// if nothing is in it, or if it was made for the tree.
final class ExistingFiles {
    private let kept: Set<FileNumber>
    private var made: Set<FileNumber> = []

    /// - Parameter kept: what makes no room.
    init(keeping kept: Set<FileNumber>) { self.kept = kept }

    func made(_ folder: FolderHandle) { made.insert(folder.number) }
    /// Its number may be given to another.
    func removed(_ folder: FolderHandle) { made.remove(folder.number) }

    /// - Throws: `LayerError` (`keptFile`, `fullFolder`) if what has a name must stay.
    func checkRoom(for name: EntryName, in folder: FolderHandle, of entry: [UInt8]) throws {
        guard let status = try folder.status(name) else { return }
        guard !kept.contains(status.number) else { throw LayerError(.keptFile, entry) }
        guard status.kind == .folder, !made.contains(status.number) else { return }
        guard try folder.folder(name).names(most: 1).isEmpty else { throw LayerError(.fullFolder, entry) }
    }
}
