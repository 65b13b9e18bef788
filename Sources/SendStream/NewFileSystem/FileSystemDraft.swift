/// A file system that is to be written: its names, and what they stand for, without the content of files. It can be changed
/// until it is as it should be.
///
/// It takes about 400 bytes of memory for each name, and what extended attributes and link targets have.
public struct FileSystemDraft: Sendable {
    /// What a name stands for; several names may stand for one.
    public typealias Node = Int

    struct Content: Sendable {
        var attributes: FileAttributes
        /// Of a directory.
        var names: [[UInt8]: Node] = [:]
        /// Of anything else: how many names it has.
        var nameCount: UInt64 = 0
        /// The ``SparseDigest`` of a file's content.
        var digest: [UInt8] = []
    }

    /// The root directory; it stays.
    public static let root: Node = 0
    private(set) var nodes: [Content?]
    private let limits: FileSystemLimits
    private var bytes = 0

    /// Bytes of a name in a directory that every ZFS has (`ZAP_MAXNAMELEN`, without the NUL).
    public static let longestName = 255
    /// Bytes of an extended attribute that every system reads.
    public static let longestAttribute = FileSystemLimits.attributeLength
    private static let overhead = 400

    /// - Parameter root: attributes of the root directory.
    public init(root: FileAttributes, limits: FileSystemLimits = FileSystemLimits()) {
        nodes = [Content(attributes: root)]
        self.limits = limits
    }

    /// What a node is; of one that is not there any more, nil.
    public func attributes(of node: Node) -> FileAttributes? { nodes[node]?.attributes }

    /// Describes a node anew. It stays of the kind that it was.
    ///
    /// - Throws: `StreamError` (`limit`, `badRecord`).
    public mutating func describe(_ node: Node, _ attributes: FileAttributes) throws(StreamError) {
        guard let before = nodes[node]?.attributes else { return }
        guard before.kind == attributes.kind else {
            throw StreamError(.badRecord, at: 0, "a \(before.kind) cannot become a \(attributes.kind)")
        }
        try check(attributes)
        try count(Self.byteCount(attributes) - Self.byteCount(before))
        nodes[node]?.attributes = attributes
    }

    /// What a name in a directory stands for; nil: nothing.
    public func node(_ name: some Collection<UInt8>, in directory: Node) -> Node? {
        nodes[directory]?.names[Array(name)]
    }

    /// Makes something under a name that is free.
    ///
    /// - Throws: `StreamError` (`limit`, `badRecord`).
    @discardableResult
    public mutating func add(
        _ attributes: FileAttributes, as name: some Collection<UInt8>, in directory: Node
    ) throws(StreamError) -> Node {
        try check(attributes)
        try count(Self.overhead + Self.byteCount(attributes))
        nodes.append(Content(attributes: attributes))
        try link(nodes.count - 1, as: name, in: directory)
        return nodes.count - 1
    }

    /// Gives what is no directory a further name, one that is free.
    ///
    /// - Throws: as above.
    public mutating func link(
        _ node: Node, as name: some Collection<UInt8>, in directory: Node
    ) throws(StreamError) {
        let name = Array(name)
        guard !name.isEmpty, name.count <= Self.longestName, !name.contains(0), !name.contains(UInt8(ascii: "/")),
            !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8), nodes[directory]?.names[name] == nil,
            nodes[directory]?.attributes.kind == .directory, let content = nodes[node],
            content.attributes.kind != .directory || content.nameCount == 0
        else { throw StreamError(.badRecord, at: 0, "\(String(decoding: name, as: UTF8.self)) is no name for it") }
        try count(name.count)
        nodes[node]?.nameCount += 1
        nodes[directory]?.names[name] = node
    }

    /// Takes a name away, and all that has no other: of a directory, what is in it, too.
    public mutating func remove(_ name: some Collection<UInt8>, from directory: Node) {
        guard let node = nodes[directory]?.names.removeValue(forKey: Array(name)) else { return }
        bytes -= name.count
        var pending = [node]
        while let node = pending.popLast(), var content = nodes[node] {
            content.nameCount -= 1
            nodes[node] = content.nameCount == 0 ? nil : content
            guard content.nameCount == 0 else { continue }
            bytes -= Self.overhead + Self.byteCount(content.attributes)
            bytes -= content.names.keys.reduce(0) { $0 + $1.count }
            pending += content.names.values
        }
    }

    /// What was said of a file's content; empty: nothing was.
    public func contentDigest(of file: Node) -> [UInt8] { nodes[file]?.digest ?? [] }

    /// Says what the content of a file is.
    ///
    /// - Parameter digest: 32 bytes, of a ``SparseDigest``.
    public mutating func setContent(of file: Node, digest: [UInt8]) { nodes[file]?.digest = digest }

    private mutating func count(_ more: Int) throws(StreamError) {
        bytes += more
        guard bytes <= limits.bytes else {
            throw StreamError(.limit, at: 0, "names and attributes take more than \(limits.bytes) bytes of memory")
        }
    }

    private static func byteCount(_ attributes: FileAttributes) -> Int {
        attributes.linkTarget.count
            + attributes.extendedAttributes.reduce(0) { $0 + 100 + $1.name.count + $1.value.count }
    }

    private func check(_ attributes: FileAttributes) throws(StreamError) {
        let names = attributes.extendedAttributes.map(\.name)
        let isFit: Bool =
            switch attributes.kind {
            case .file: attributes.size <= UInt64(Int64.max) - UInt64(FileSystemWriter.largestBlock)
            case .symbolicLink:
                (1...FileSystemLimits.targetLength).contains(attributes.linkTarget.count)
                    && !attributes.linkTarget.contains(0)
            case .directory, .characterDevice, .blockDevice, .fifo: true
            case .socket, .other: false
            }
        let hasFitNames = names.allSatisfy { name in
            !name.isEmpty && name.count <= Self.longestName && !name.contains(0) && !name.contains(UInt8(ascii: "/"))
                && !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8)
        }
        guard isFit, hasFitNames, Set(names).count == names.count, attributes.deviceMajor <= 0xfff,
            attributes.deviceMinor <= 0xf_ffff, attributes.modifiedNanoseconds < 1_000_000_000,
            attributes.linkTarget.isEmpty || attributes.kind == .symbolicLink
        else { throw StreamError(.badRecord, at: 0, "ZFS has no \(attributes.kind) with such attributes") }
    }
}
