public import Tar

/// Reads a layer for its whiteouts alone, so that they can be carried out before its entries are made.
public struct WhiteoutScan: TarVisitor {
    private var whiteouts: [(name: EntryName?, folder: [EntryName], entry: [UInt8])] = []
    /// The paths that this layer says are folders.
    private var folders: Set<[EntryName]> = []

    public init() {}

    public mutating func begin(_ entry: TarEntry) throws {
        let path = try EntryPath(entry.path)
        switch try Whiteout(path, entry.path) {
        case .none:
            if entry.kind == .directory, let name = path.name { folders.insert(path.parent + [name]) }
        case .note: break
        case .of(let hidden): whiteouts.append((hidden, path.parent, entry.path))
        case .opaque: whiteouts.append((nil, path.parent, entry.path))
        }
    }

    public mutating func content(_ bytes: RawSpan, at offset: UInt64) {}
    public mutating func end() {}

    /// Hides what the whiteouts hide of the lower layers.
    func apply(_ walk: inout FolderWalk, _ state: LayerState) throws {
        for whiteout in whiteouts {
            let way = Way(path: whiteout.folder, folders: folders)
            guard let folder = try walk.folder(at: whiteout.folder, of: whiteout.entry, by: way) else { continue }
            try state.hide(whiteout.name, in: folder)
            walk.forget()
        }
    }

    /// A link in the place of a folder of this layer is hidden itself: what it leads to is not meant.
    private struct Way: FolderWay {
        let path: [EntryName]
        let folders: Set<[EntryName]>

        func passes(_ place: Place) {}
        func follows(_ link: Place, component: Int?) -> Bool {
            component.map { !folders.contains(Array(path[...$0])) } ?? true
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
        for hidden in try name.map({ [$0] }) ?? folder.handle.names() { try remove(hidden, in: folder.handle) }
    }
}
