import SystemPackage
public import Tar

/// Makes the entries of a layer below a root folder, on top of what lower layers left there (OCI image-spec, layer.md,
/// "Applying Changesets"; docker.md, "Extraction").
///
/// Nothing outside the root is touched, whatever the entries are called and whatever links stand in the way.
public final class LayerExtractor: TarVisitor {
    var walk: FolderWalk
    let state: LayerState
    var file: OpenFile?
    private let whiteoutsAreDone: Bool

    /// Attributes that the file system could not keep.
    public var lostAttributes: Int { state.lostAttributes }

    /// - Parameters:
    ///   - root: the folder that is the image's `/`; its last component may be no link.
    ///   - hasLower: it has what lower layers left.
    ///   - whiteouts: those of the whole layer, if they are known; else each is carried out as it comes.
    /// - Throws: `Errno`, `LayerFault`.
    public init(root: String, hasLower: Bool, whiteouts: WhiteoutScan? = nil) throws {
        walk = FolderWalk(root: try FolderHandle(path: root))
        state = LayerState(hasLower: hasLower && whiteouts == nil)
        whiteoutsAreDone = !hasLower || whiteouts != nil
        if hasLower { try whiteouts?.apply(&walk, state) }
    }

    /// - Throws: `LayerFault`, `Errno`, `WhiteoutOrder`.
    public func begin(_ entry: TarEntry) throws {
        let path = try EntryPath(entry.path)
        switch try Whiteout(path, entry.path) {
        case .none: try make(entry, path)
        case .note: break
        case .of(let hidden): try hide(hidden, path, entry)
        case .opaque: try hide(nil, path, entry)
        }
    }

    public func content(_ bytes: RawSpan, at offset: UInt64) throws {
        try file?.write(bytes, at: offset)
    }

    public func end() throws {
        guard let done = file.take() else { return }
        try done.finish(state)
    }

    /// Gives folders their times. No entry may follow.
    public func finish() throws {
        walk.forget()
        try state.times.apply(&walk)
    }

    private func hide(_ name: EntryName?, _ path: EntryPath, _ entry: TarEntry) throws {
        guard entry.kind == .file || entry.kind == .hardLink else { throw LayerFault(.badWhiteout, entry.path) }
        guard !whiteoutsAreDone else { return }
        let way = WhiteoutWay(state: state)
        guard let folder = try walk.folder(at: path.parent, of: entry.path, by: way) else { return }
        let inode = folder.handle.inode
        guard !state.history.isOwn(inode) else { return }
        let isLate = name.map { state.history.isTouched(folder.place($0)) } ?? state.history.isBusy(inode)
        guard !isLate else { throw WhiteoutOrder() }
        try state.hide(name, in: folder)
        walk.forget()
    }

    private func make(_ entry: TarEntry, _ path: EntryPath) throws {
        guard let name = path.name else {
            guard entry.kind == .directory else { throw LayerFault(.badRoot, entry.path) }
            return try describe(walk.root, entry, now: FileStatus(FolderHandle.status(of: walk.root.handle.descriptor)))
        }
        let way = EntryWay(state: state)
        guard let folder = try walk.folder(at: path.parent, of: entry.path, by: way) else { return }
        guard !state.history.hasLed(folder.place(name)) else { throw WhiteoutOrder() }
        state.times.keep(folder)
        switch entry.kind {
        case .directory: try makeFolder(name, in: folder, at: path.parent, entry)
        case .file: try makeFile(name, in: folder, entry)
        case .hardLink: try makeHardLink(name, in: folder, entry)
        case .symbolicLink, .characterDevice, .blockDevice, .fifo: try makeNode(name, in: folder, entry)
        }
    }
}
