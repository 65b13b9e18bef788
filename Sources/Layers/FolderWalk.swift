import SystemPackage

/// A folder on the way, and the way to it.
final class Folder {
    let handle: FolderHandle
    /// Nil for the root.
    let parent: Folder?
    let name: EntryName?
    /// How many folders lie above it.
    let depth: Int

    init(root: FolderHandle) {
        handle = root
        parent = nil
        name = nil
        depth = 0
    }

    init(_ handle: FolderHandle, named name: EntryName, in parent: Folder) {
        self.handle = handle
        self.parent = parent
        self.name = name
        depth = parent.depth + 1
    }

    /// The names from the root to here; links that were followed do not show in it.
    var path: [EntryName] { (parent?.path ?? []) + [name].compactMap(\.self) }

    func place(_ name: EntryName) -> Place { Place(folder: handle.inode, name: name) }
}

/// Where something is: a name in a folder.
struct Place: Hashable {
    let folder: UInt64
    let name: EntryName
}

/// What is done on the way to a folder.
protocol FolderWay {
    /// A folder that is there is entered.
    func passes(_ place: Place)
    /// A link is about to be followed.
    ///
    /// - Parameter component: which component of the path it is; nil if another link led to it.
    /// - Returns: false if the way ends here.
    func follows(_ link: Place, component: Int?) -> Bool
    /// Nothing is there.
    ///
    /// - Returns: true if a folder is to be made.
    func misses(_ name: EntryName, in folder: Folder) -> Bool
    /// A folder was made that no entry has described.
    func made(_ folder: Folder)
}

/// Finds folders below a root as a process would that has it as its `/`: whatever the links on the way say, none leads
/// out (docker.md, "Extraction"). Every step is made by one name from an open folder.
struct FolderWalk {
    let root: Folder
    /// The folders of the path that was walked last: archives name the entries of a folder in a row.
    private var trail: [(name: EntryName, folder: Folder)] = []
    private var links = 0
    /// Different names may be one to the file system.
    private let foldsNames: Bool

    init(root: FolderHandle, foldsNames: Bool) { self.init(root: Folder(root: root), foldsNames: foldsNames) }

    private init(root: Folder, foldsNames: Bool) {
        self.root = root
        self.foldsNames = foldsNames
    }

    /// The folder at a path, or nil if the way ends before.
    ///
    /// - Throws: `LayerError`, `Errno`.
    mutating func folder(
        at path: [EntryName], of entry: [UInt8], by way: some FolderWay
    ) throws -> Folder? {
        links = 0
        var shared = 0
        while shared < path.count, shared < trail.count, trail[shared].name == path[shared] { shared += 1 }
        trail.removeLast(trail.count - shared)
        var current = trail.last?.folder ?? root
        for (component, name) in path.enumerated().dropFirst(shared) {
            guard let next = try step(from: current, to: name, component: component, of: entry, by: way) else {
                return nil
            }
            trail.append((name, next))
            current = next
        }
        return current
    }

    /// The folder of what a hard link names, or nil if there is none.
    func target(at path: [EntryName], of entry: [UInt8]) throws -> Folder? {
        // A walk of its own: the next entry goes on in the folder of the link.
        var walk = FolderWalk(root: root, foldsNames: foldsNames)
        return try walk.folder(at: path, of: entry, by: LinkTargetWay())
    }

    /// A folder is where the path leads now; the next walk may well begin there.
    mutating func enter(_ folder: Folder, at path: [EntryName]) {
        guard let name = path.last, trail.count == path.count - 1, folder.parent === (trail.last?.folder ?? root) else {
            return
        }
        trail.append((name, folder))
    }

    /// Something on the way may have been removed or replaced.
    mutating func forget() { trail = [] }

    private mutating func step(
        from folder: Folder, to name: EntryName, component: Int?, of entry: [UInt8], by way: some FolderWay
    ) throws -> Folder? {
        guard folder.depth < EntryPath.mostFolders else { throw LayerError(.tooDeep, entry) }
        switch try folder.handle.open(name) {
        case .folder(let handle):
            try checkSpelling(of: name, in: folder, of: entry)
            way.passes(folder.place(name))
            return Folder(handle, named: name, in: folder)
        case .nothing:
            guard way.misses(name, in: folder) else { return nil }
            try folder.handle.makeFolder(name)
            let made = Folder(try folder.handle.folder(name), named: name, in: folder)
            try made.handle.takeUsualMode()
            way.made(made)
            return made
        case .other:
            try checkSpelling(of: name, in: folder, of: entry)
            guard try folder.handle.status(name)?.kind == .symbolicLink else {
                throw LayerError(.notAFolder, entry)
            }
            guard way.follows(folder.place(name), component: component) else { return nil }
            return try follow(try folder.handle.linkTarget(name), from: folder, of: entry, by: way)
        }
    }

    /// - Throws: `sameName` if what is there under a name has another one.
    func checkSpelling(of name: EntryName, in folder: Folder, of entry: [UInt8]) throws {
        guard try !foldsNames || folder.handle.lists(name) else { throw LayerError(.sameName, entry) }
    }

    private mutating func follow(
        _ target: [UInt8], from folder: Folder, of entry: [UInt8], by way: some FolderWay
    ) throws -> Folder? {
        links += 1
        guard links <= EntryPath.mostLinks else { throw LayerError(.tooManyLinks, entry) }
        var current = target.first == UInt8(ascii: "/") ? root : folder
        for part in target.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual(CollectionOfOne(UInt8(ascii: "."))) { continue }
            if part.elementsEqual("..".utf8) {
                current = current.parent ?? root
                continue
            }
            guard let name = EntryName(part) else { throw LayerError(.badName, entry) }
            guard let next = try step(from: current, to: name, component: nil, of: entry, by: way) else { return nil }
            current = next
        }
        return current
    }
}
