import Glibc

/// Where a folder is that an entry described.
public struct FolderPlace: Sendable {
    public let number: FileNumber
    /// From the root, without links.
    let path: [EntryName]

    /// How many folders it lies in.
    public var depth: Int { path.count }
}

extension LayerExtractor {
    /// The folder of the entry that was begun last, if it is that of a folder.
    public var describedFolder: FolderPlace? {
        described.map { FolderPlace(number: $0.handle.number, path: $0.path) }
    }

    /// Gives a folder another mode, if it is still there: what has come in its place stays as it is.
    ///
    /// - Throws: `EntryError`.
    public func setMode(_ mode: UInt32, of place: FolderPlace) throws {
        walk.forget()
        try EntryError.naming(Array(place.path.map(\.bytes).joined(separator: CollectionOfOne(UInt8(ascii: "/"))))) {
            do {
                guard let folder = try walk.folder(at: place.path, of: [], by: StraightWay()),
                    folder.handle.number == place.number
                else { return }
                try checked { fchmod(folder.handle.descriptor, mode_t(mode)) }
            } catch is LayerError {
                // A folder on the way is none any more.
            }
        }
    }
}
