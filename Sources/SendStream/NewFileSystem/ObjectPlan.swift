/// Which objects a file system that is to be written has, and in which order: it follows from the draft alone.
///
/// First what describes the file system, then directories, links and devices in the order of their paths, then files in the
/// order in which they came into the draft, which is that of their content. Behind each come its extended attributes.
struct ObjectPlan {
    /// `MASTER_NODE_OBJ`; the others are where ZFS has them, too.
    static let masterNode: UInt64 = 1
    static let deleteQueue: UInt64 = 2
    static let root: UInt64 = 3

    /// Nodes other than files, and files.
    private(set) var others: [FileSystemDraft.Node] = []
    private(set) var files: [FileSystemDraft.Node] = []
    /// Of each node, its object and that of the first directory that it is in; 0: it has none.
    private var objects: [UInt64]
    private var parents: [UInt64]
    /// The first number that no object has.
    private(set) var end = Self.root

    init(_ draft: FileSystemDraft) {
        let count = draft.nodes.count
        objects = [UInt64](repeating: 0, count: count)
        parents = [UInt64](repeating: 0, count: count)
        // Nodes that are in directories, each with the node of the first one.
        var directories = [FileSystemDraft.Node](repeating: -1, count: count)
        directories[FileSystemDraft.root] = FileSystemDraft.root
        var pending = [FileSystemDraft.root]
        while let node = pending.popLast() {
            // What has several names is met several times.
            guard objects[node] == 0, let content = draft.nodes[node] else { continue }
            others.append(node)
            number(node, content)
            guard content.attributes.kind == .directory else { continue }
            let inside = content.names.sorted { $1.key.lexicographicallyPrecedes($0.key) }
            for (_, child) in inside.reversed() where directories[child] < 0 { directories[child] = node }
            for (_, child) in inside where directories[child] == node && draft.nodes[child]?.attributes.kind != .file {
                pending.append(child)
            }
        }
        for node in 0..<count where directories[node] >= 0 && draft.nodes[node]?.attributes.kind == .file {
            guard let content = draft.nodes[node] else { continue }
            files.append(node)
            number(node, content)
        }
        for node in 0..<count where directories[node] >= 0 { parents[node] = objects[directories[node]] }
    }

    private mutating func number(_ node: FileSystemDraft.Node, _ content: FileSystemDraft.Content) {
        objects[node] = end
        let attributes = UInt64(content.attributes.extendedAttributes.count)
        end += 1 + (attributes == 0 ? 0 : attributes + 1)
    }

    func object(of node: FileSystemDraft.Node) -> UInt64 { objects[node] }

    /// What is written of a node, but for a file's content: its object, and those of its extended attributes.
    func objects(of node: FileSystemDraft.Node, _ draft: FileSystemDraft) -> [NewObject] {
        guard let content = draft.nodes[node] else { return [] }
        let number = objects[node]
        var znode = NewZnode(
            attributes: content.attributes, size: content.attributes.size, links: content.nameCount,
            parent: parents[node])
        var names: [NameTable.Entry]?
        var data: [UInt8]?
        switch content.attributes.kind {
        case .directory:
            let entries = content.names.map { name, child in (name: name, value: entry(child, draft)) }
            let subdirectories = entries.count { $0.value >> 60 == UInt64(FileAttributes.Kind.directory.modeBits) }
            znode.size = UInt64(entries.count) + 2
            znode.links = UInt64(subdirectories) + 2
            names = entries
        case .symbolicLink:
            let target = content.attributes.linkTarget
            znode.size = UInt64(target.count)
            data = target.count > NewZnode.shortTarget ? target : []
        case .file: break
        case .characterDevice, .blockDevice, .fifo, .socket, .other:
            znode.size = 0
            data = []
        }
        let attributes = content.attributes.extendedAttributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        guard !attributes.isEmpty else { return [NewObject(number, znode, names: names, data: data)] }
        znode.attributeDirectory = number + 1
        return [NewObject(number, znode, names: names, data: data)] + attributeObjects(attributes, of: number, content)
    }

    private func entry(_ node: FileSystemDraft.Node, _ draft: FileSystemDraft) -> UInt64 {
        let kind = draft.nodes[node]?.attributes.kind ?? .other
        return objects[node] | UInt64(kind.modeBits) << 60
    }

    /// A directory, and a file for each.
    private func attributeObjects(
        _ attributes: [FileAttributes.ExtendedAttribute], of owner: UInt64, _ content: FileSystemDraft.Content
    ) -> [NewObject] {
        var kind = FileAttributes(.directory, permissions: 0o1777)
        kind.owner = content.attributes.owner
        kind.group = content.attributes.group
        kind.modified = content.attributes.modified
        kind.modifiedNanoseconds = content.attributes.modifiedNanoseconds
        let directory = NewZnode(
            attributes: kind, size: UInt64(attributes.count) + 2, links: 2, parent: owner, isAttribute: true)
        let first = owner + 2
        let fileBits = UInt64(FileAttributes.Kind.file.modeBits) << 60
        let names = attributes.enumerated().map { index, one in
            (name: one.name, value: first + UInt64(index) | fileBits)
        }
        var objects = [NewObject(owner + 1, directory, names: names, data: nil)]
        kind.kind = .file
        kind.permissions = 0o644
        for (index, one) in attributes.enumerated() {
            let file = NewZnode(
                attributes: kind, size: UInt64(one.value.count), parent: owner + 1, isAttribute: true)
            objects.append(NewObject(first + UInt64(index), file, names: nil, data: one.value))
        }
        return objects
    }
}

/// An object with a name, as it is to be written.
struct NewObject {
    let number: UInt64
    let znode: NewZnode
    /// Of a directory.
    let names: [NameTable.Entry]?
    /// Its content; nil: of a directory, and of a file whose content comes later.
    let data: [UInt8]?

    init(_ number: UInt64, _ znode: NewZnode, names: [NameTable.Entry]?, data: [UInt8]?) {
        self.number = number
        self.znode = znode
        self.names = names
        self.data = data
    }
}
