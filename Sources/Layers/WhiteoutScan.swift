public import Tar

/// Reads a layer for its whiteouts alone, so that they can be carried out before its entries are made.
public struct WhiteoutScan: TarVisitor {
    private var whiteouts: [(name: EntryName?, folder: [EntryName], entry: [UInt8])] = []
    /// What `whiteouts` takes, in bytes, and may take.
    private var size = 0
    private static let mostBytes = 64 << 20
    /// The paths that this layer says are folders, by fingerprint (see `LayerHistory`).
    private var folders: Set<Int> = []

    public init() {}

    public mutating func begin(_ entry: TarEntry) throws {
        let path = try EntryPath(entry.path)
        switch try Whiteout(path, entry.path) {
        case .none:
            if entry.kind == .directory, let name = path.name { folders.insert((path.parent + [name]).hashValue) }
        case .note, .linked: break
        case .of(let hidden): try add(hidden, path, entry)
        case .opaque: try add(nil, path, entry)
        }
    }

    private mutating func add(_ hidden: EntryName?, _ path: EntryPath, _ entry: TarEntry) throws(LayerError) {
        // The path as it stands, and each name of it as an object of its own.
        size += entry.path.count * 2 + path.parent.count * 48 + 128
        guard size <= WhiteoutScan.mostBytes else { throw LayerError(.tooManyWhiteouts, entry.path) }
        whiteouts.append((hidden, path.parent, entry.path))
    }

    public mutating func content(_ bytes: RawSpan, at offset: UInt64) {}
    public mutating func end() {}

    /// Hides what the whiteouts hide of the lower layers.
    func apply(_ walk: inout FolderWalk, _ state: LayerState) throws {
        for whiteout in whiteouts {
            let way = Way(path: whiteout.folder, folders: folders)
            try EntryError.naming(whiteout.entry) {
                guard let folder = try walk.folder(at: whiteout.folder, of: whiteout.entry, by: way) else { return }
                try state.hide(whiteout.name, in: folder)
                walk.forget()
            }
        }
    }

    /// A link in the place of a folder of this layer is hidden itself: what it leads to is not meant.
    private struct Way: FolderWay {
        let path: [EntryName]
        let folders: Set<Int>

        func passes(_ place: Place) {}
        func follows(_ link: Place, component: Int?) -> Bool {
            component.map { !folders.contains(Array(path[...$0]).hashValue) } ?? true
        }
        func misses(_ name: EntryName, in folder: Folder) -> Bool { false }
        func made(_ folder: Folder) {}
    }
}

extension LayerState {
    /// Removes one name of a folder, or all of them.
    ///
    /// - Parameter name: nil for all.
    func hide(_ name: EntryName?, in folder: Folder) throws {
        times.keep(folder)
        guard let name else { return try removeAll(in: folder.handle) }
        // Another name to the layer is another entry, which is not meant.
        guard try !foldsNames || folder.handle.lists(name) else { return }
        try remove(name, in: folder.handle)
    }
}
