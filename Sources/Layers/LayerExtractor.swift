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
    /// Names that begin with `.wh.` are whiteouts.
    private let isLayer: Bool
    /// The folder that an entry described last.
    var described: Folder?
    /// AUFS's folder of what has several names is there; it is no part of the image.
    private var hasLinkFolder = false

    /// Attributes that the file system could not keep, or that such an entry cannot have.
    public var lostAttributes: Int { state.lostAttributes }
    /// Times outside of what the file system has, cut to that.
    public var cutTimes: Int { state.cutTimes }

    /// - Parameters:
    ///   - root: the folder that is the image's `/`; its last component may be no link.
    ///   - hasLower: it has what lower layers left.
    ///   - whiteouts: those of the whole layer, if they are known; else each is carried out as it comes.
    /// - Throws: `Errno`, `EntryError`, `LayerError`.
    public init(root: String, hasLower: Bool, whiteouts: WhiteoutScan? = nil) throws {
        let handle = try FolderHandle(path: root)
        let foldsNames = try NameFolding.isOn(in: handle)
        walk = FolderWalk(root: handle, foldsNames: foldsNames)
        state = LayerState(hasLower: hasLower && whiteouts == nil, foldsNames: foldsNames)
        whiteoutsAreDone = !hasLower || whiteouts != nil
        isLayer = true
        if hasLower {
            // As it was before names were tried out in it.
            state.times.keep(walk.root)
            try whiteouts?.apply(&walk, state)
        } else {
            try handle.takeUsualMode()
        }
    }

    /// Makes a tree that is no layer: what is there stays, but where an entry has its name, and no name is a whiteout.
    ///
    /// - Parameters:
    ///   - root: the folder that is its `/`; its last component may be no link.
    ///   - isNew: the folder was made for it, and gets the mode that a root has where no entry says otherwise.
    ///   - kept: files that must stay, whatever entries are called. Of a folder that is not new, so must folders that have something
    ///     in them, but those that entries made.
    /// - Throws: `Errno`, `EntryError`, `LayerError`.
    public init(tree root: String, isNew: Bool = false, keeping kept: Set<FileNumber> = []) throws {
        let handle = try FolderHandle(path: root)
        let foldsNames = try NameFolding.isOn(in: handle)
        walk = FolderWalk(root: handle, foldsNames: foldsNames)
        state = LayerState(
            hasLower: false, foldsNames: foldsNames, existing: isNew ? nil : ExistingFiles(keeping: kept))
        whiteoutsAreDone = true
        isLayer = false
        if isNew { try handle.takeUsualMode() } else { state.times.keep(walk.root) }
    }

    /// - Throws: `LayerError` (`keptFile` and `fullFolder` of trees), `EntryError`, `WhiteoutOrder`.
    public func begin(_ entry: TarEntry) throws {
        try EntryError.naming(entry.path) {
            if state.times.areMany { try state.times.apply(&walk, state) }
            let path = try EntryPath(entry.path)
            guard isLayer else { return try make(entry, path) }
            switch try Whiteout(path, entry.path) {
            case .none: try make(entry, path)
            case .note: break
            case .linked: if entry.kind == .file { try makeLinked(entry, path) }
            case .of(let hidden): try hide(hidden, path, entry)
            case .opaque: try hide(nil, path, entry)
            }
        }
    }

    /// - Throws: `EntryError`.
    public func content(_ bytes: RawSpan, at offset: UInt64) throws {
        guard let file else { return }
        try EntryError.naming(file.path) { try file.write(bytes, at: offset) }
    }

    /// - Throws: `EntryError`.
    public func end() throws {
        guard let done = file.take() else { return }
        try EntryError.naming(done.path) { try done.finish(state) }
    }

    /// Gives folders their times. No entry may follow.
    ///
    /// - Throws: `Errno`, `EntryError`.
    public func finish() throws {
        if hasLinkFolder, let name = Whiteout.linkFolder {
            state.times.keep(walk.root)
            try state.remove(name, in: walk.root.handle)
        }
        try state.times.apply(&walk, state)
    }

    /// What entries are hard links to, under a name that goes when all are made (storage drivers of docker before 2014).
    private func makeLinked(_ entry: TarEntry, _ path: EntryPath) throws {
        if !hasLinkFolder, let name = Whiteout.linkFolder {
            state.times.keep(walk.root)
            try state.remove(name, in: walk.root.handle)
            hasLinkFolder = true
        }
        try make(entry, path)
    }

    private func hide(_ name: EntryName?, _ path: EntryPath, _ entry: TarEntry) throws {
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
            guard entry.kind == .directory else { throw LayerError(.badRoot, entry.path) }
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
