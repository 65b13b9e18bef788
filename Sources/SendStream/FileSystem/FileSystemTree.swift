/// The files of a file system, by their names and by the objects that they are.
public struct FileSystemTree: Sendable {
    /// A name: of the root, or in a directory.
    struct Node {
        var object: UInt64
        /// Which node it is in; of the root, itself.
        var parent: Int
        /// Where its name is.
        var name: Range<Int>
        /// How many lie above it.
        var depth: Int
        /// Bytes of its path, with a slash behind it.
        var length: Int
    }

    /// What there is to know of an object with a name.
    struct File {
        var attributes: FileAttributes
        /// The first of its names.
        var node: Int
        var content: ClosedRange<Int>?
    }

    /// Of the file system (`zfs get version`).
    public let version: UInt64
    private(set) var nodes: [Node] = []
    private(set) var files: [UInt64: File] = [:]
    /// All names, one behind the other.
    private var names: [UInt8] = []
    /// Files that are extended attributes of others: names of those, by objects.
    private var attributeFiles: [UInt64: [(owner: UInt64, name: [UInt8])]] = [:]
    /// Directories that have a name, or the attributes of a file: if many could have one, all that is in it would count for each.
    private var directories: Set<UInt64> = []
    private let limits: FileSystemLimits
    /// Bytes of memory that may still be taken.
    private(set) var room: Int
    /// Extended attributes that are too large for other systems.
    public private(set) var skippedAttributes = 0
    /// Extended attributes of whose content a part was left out.
    public private(set) var redactedAttributes = 0
    /// Files of whose content a part was left out (`send --redact`), and links whose target was, by objects.
    public private(set) var redactedObjects: Set<UInt64> = []
    /// Datasets below this one that were sent with it, and are not in the tree.
    public internal(set) var furtherDatasets = FurtherDatasets()

    /// Names, that of the root included.
    public var count: Int { nodes.count }

    init(_ objects: [UInt64: StoredObject], _ limits: FileSystemLimits, used: Int) throws(UnplacedStreamError) {
        self.limits = limits
        room = limits.bytes - used
        // `MASTER_NODE_OBJ` (zfs_znode.h)
        guard let master = objects[1], master.type == 21, let settings = master.names else {
            throw UnplacedStreamError(.badRecord, "a file system has no master node")
        }
        let what = "the master node"
        version = try settings.value("VERSION", what) ?? 0
        guard (1...5).contains(version) else {
            throw UnplacedStreamError(.unsupported, "the file system is of version \(version)")
        }
        guard let root = try settings.value("ROOT", what) else {
            throw UnplacedStreamError(.badRecord, "a file system has no root")
        }
        var reader = AttributeReader(objects: objects)
        if let number = try settings.value("SA_ATTRS", what) { try reader.prepare(number) }
        var pending: [(object: UInt64, parent: Int, name: ArraySlice<UInt8>)] = [(root, 0, [])]
        while let next = pending.popLast() {
            let index = nodes.count
            try take(MemoryLayout<Node>.size + next.name.count)
            let depth = index == 0 ? 0 : nodes[next.parent].depth + 1
            guard depth <= limits.depth else {
                throw UnplacedStreamError(.limit, "directories are more than \(limits.depth) deep")
            }
            let length = index == 0 ? 0 : nodes[next.parent].length + next.name.count + 1
            guard length <= FileSystemLimits.pathLength else {
                throw UnplacedStreamError(
                    .limit, "a path has more than \(FileSystemLimits.pathLength) bytes")
            }
            let name = names.count..<(names.count + next.name.count)
            names += next.name
            nodes.append(Node(object: next.object, parent: next.parent, name: name, depth: depth, length: length))
            if let known = files[next.object] {
                // Its name is that of an attribute alone.
                guard known.node >= 0 else { throw Self.isAttribute(next.object) }
            } else {
                let attributes = try reader.attributes(of: next.object)
                try take(Self.cost(of: attributes))
                files[next.object] = File(
                    attributes: attributes, node: index, content: objects[next.object]?.content)
                let isMissing =
                    attributes.kind == .symbolicLink
                    ? attributes.linkTarget.isEmpty
                    : attributes.kind == .file && objects[next.object]?.redacted.reachBelow(attributes.size) ?? false
                if isMissing {
                    redactedObjects.insert(next.object)
                    try take(50)
                }
                try addAttributeFiles(of: next.object, attributes, reader)
            }
            guard files[next.object]?.attributes.kind == .directory else {
                guard index > 0 else { throw UnplacedStreamError(.badRecord, "the root is no directory") }
                continue
            }
            try enter(next.object)
            // In the order of their names, whatever that of their hashes is.
            let entries = try reader.entries(of: next.object)
            pending += entries.map { (object: $0.object, parent: index, name: $0.name) }
        }
    }

    private mutating func take(_ bytes: Int) throws(UnplacedStreamError) {
        room -= bytes
        guard room >= 0 else {
            throw UnplacedStreamError(.limit, "its names take more than \(limits.bytes) bytes of memory")
        }
    }

    private mutating func enter(_ directory: UInt64) throws(UnplacedStreamError) {
        guard directories.insert(directory).inserted else {
            throw UnplacedStreamError(.badRecord, "directory \(directory) is in two places")
        }
    }

    /// Bytes that a file takes.
    private static func cost(of attributes: FileAttributes) -> Int {
        250 + attributes.extendedAttributes.reduce(0) { $0 + $1.name.count + $1.value.count }
    }

    private static func isAttribute(_ object: UInt64) -> UnplacedStreamError {
        UnplacedStreamError(.badRecord, "object \(object) has a name, and is an attribute of a file")
    }

    private mutating func addAttributeFiles(
        of owner: UInt64, _ attributes: FileAttributes, _ reader: AttributeReader
    ) throws(UnplacedStreamError) {
        guard attributes.attributeDirectory != 0 else { return }
        try enter(attributes.attributeDirectory)
        try take(50)
        for entry in try reader.entries(of: attributes.attributeDirectory) {
            let known = files[entry.object]
            let value: FileAttributes
            if let known { value = known.attributes } else { value = try reader.attributes(of: entry.object) }
            guard value.kind == .file, value.size <= UInt64(FileSystemLimits.attributeLength) else {
                skippedAttributes += 1
                continue
            }
            guard !(reader.objects[entry.object]?.redacted.reachBelow(value.size) ?? false) else {
                redactedAttributes += 1
                continue
            }
            try take(100 + entry.name.count)
            attributeFiles[entry.object, default: []].append((owner, Array(entry.name)))
            if let known {
                guard known.node < 0 else { throw Self.isAttribute(entry.object) }
            } else {
                try take(Self.cost(of: value))
                files[entry.object] = File(attributes: value, node: -1, content: reader.objects[entry.object]?.content)
            }
        }
    }
}

extension FileSystemTree {
    /// Files that are extended attributes: their content is needed before there is all of ``FileAttributes``.
    public var attributeObjects: Set<UInt64> { Set(attributeFiles.keys) }

    /// Takes the content of files that are extended attributes.
    public mutating func setAttributes(_ contents: [UInt64: [UInt8]]) {
        for (object, owners) in attributeFiles {
            let value = contents[object] ?? []
            for (owner, name) in owners { files[owner]?.attributes.add(name, value) }
        }
        attributeFiles = [:]
    }

    /// It is the first name of what it stands for.
    ///
    /// - Parameter index: as above.
    public func isFirstName(_ index: Int) -> Bool { files[nodes[index].object]?.node == index }

    /// The bytes of a file; nil if there is no such object.
    public func size(of object: UInt64) -> UInt64? { files[object]?.attributes.size }

    /// The streams, counted from 0, that bring content of an object; nil: none does.
    public func content(of object: UInt64) -> ClosedRange<Int>? { files[object]?.content }

    /// A name and what it stands for. Directories come before what is in them, and names in the order of their bytes.
    ///
    /// - Parameter index: below `count`; 0 is the root.
    public func entry(_ index: Int) -> FileSystemEntry? {
        let node = nodes[index]
        guard let file = files[node.object] else { return nil }
        return FileSystemEntry(
            path: path(index), object: node.object, attributes: file.attributes,
            firstPath: file.node == index ? nil : path(file.node), isShared: file.attributes.linkCount > 1)
    }

    /// What a name stands for, where its path is of no interest: that takes most of an entry's time.
    ///
    /// - Parameter index: as above.
    public func attributes(_ index: Int) -> (object: UInt64, attributes: FileAttributes)? {
        let object = nodes[index].object
        return files[object].map { (object, $0.attributes) }
    }

    /// What has a path, taken literally: no link is followed.
    ///
    /// - Returns: its index; nil if there is nothing.
    public func index(of path: [UInt8]) -> Int? {
        var current = 0
        for part in path.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
            // What is in a directory follows it, until something is no deeper.
            var index = current + 1
            var found: Int?
            while index < nodes.count, nodes[index].depth > nodes[current].depth {
                if nodes[index].parent == current, names[nodes[index].name].elementsEqual(part) {
                    found = index
                    break
                }
                index += 1
            }
            guard let found else { return nil }
            current = found
        }
        return current
    }

    /// The indices of a name and all below it.
    public func subtree(_ index: Int) -> Range<Int> {
        var end = index + 1
        while end < nodes.count, nodes[end].depth > nodes[index].depth { end += 1 }
        return index..<end
    }

    private func path(_ index: Int) -> [UInt8] {
        guard index > 0 else { return [] }
        var length = -1
        var current = index
        while current > 0 {
            length += nodes[current].name.count + 1
            current = nodes[current].parent
        }
        var path = [UInt8](repeating: UInt8(ascii: "/"), count: length)
        var end = length
        current = index
        while current > 0 {
            let name = nodes[current].name
            for place in name.reversed() {
                end -= 1
                path[end] = names[place]
            }
            end -= 1
            current = nodes[current].parent
        }
        return path
    }
}

/// A name in a file system.
public struct FileSystemEntry: Sendable {
    /// From the root on, without a slash in front; empty: the root itself.
    public var path: [UInt8]
    /// What the name stands for; several names may stand for one.
    public var object: UInt64
    public var attributes: FileAttributes
    /// It is a further name (a hard link) of what has this path, too; nil: it is the first.
    public var firstPath: [UInt8]?
    /// There are, or were, several names.
    public var isShared: Bool
}
