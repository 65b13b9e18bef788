public import Tar

/// Hands on the entries of a system's files: all of an archive, or, where it is an image of incus or LXD in one file (a unified tarball: `metadata.yaml`,
/// `templates/`, `rootfs/`, in whatever order), those of `rootfs/` as if they were all. (incus, doc/reference/image_format.md)
public struct SystemEntries<Visitor: TarVisitor>: TarVisitor {
    /// Who gets them.
    public var visitor: Visitor
    /// Known from the first entry on that is not the archive's own root.
    private var isUnified: Bool?
    private var isHandedOn = true

    public init(_ visitor: Visitor) { self.visitor = visitor }

    private static var described: [[UInt8]] { [Array("metadata.yaml".utf8), Array("templates".utf8)] }
    private static var root: [UInt8] { Array("rootfs".utf8) }

    /// - Throws: `LayerError` for an entry of such an image that is none of the three; what the visitor throws.
    public mutating func begin(_ entry: TarEntry) throws {
        let path = Self.plain(entry.path)
        if isUnified == nil, !path.isEmpty { isUnified = Self.isOfImage(path) }
        isHandedOn = true
        guard isUnified == true else { return try visitor.begin(entry) }
        guard let inside = Self.below(Self.root, path) else {
            isHandedOn = false
            guard path.isEmpty || Self.described.contains(where: { Self.below($0, path) != nil }) else {
                throw LayerError(.besideSystem, entry.path)
            }
            return
        }
        var own = entry
        own.path = inside.isEmpty ? Array(".".utf8) : Array(inside)
        if entry.kind == .hardLink {
            guard let target = Self.below(Self.root, Self.plain(entry.linkTarget)), !target.isEmpty else {
                throw LayerError(.badHardLink, entry.path)
            }
            own.linkTarget = Array(target)
        }
        try visitor.begin(own)
    }

    public mutating func content(_ bytes: RawSpan, at offset: UInt64) throws {
        if isHandedOn { try visitor.content(bytes, at: offset) }
    }

    public mutating func end() throws {
        if isHandedOn { try visitor.end() }
    }

    private static func isOfImage(_ path: ArraySlice<UInt8>) -> Bool {
        (described + [root]).contains { below($0, path) != nil }
    }

    /// Without what says that it begins at the archive's root, and without slashes at its end.
    private static func plain(_ path: [UInt8]) -> ArraySlice<UInt8> {
        var rest = path[...]
        let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
        while true {
            if rest.first == slash {
                rest.removeFirst()
            } else if rest.first == dot, rest.count == 1 || rest.dropFirst().first == slash {
                rest.removeFirst()
            } else {
                break
            }
        }
        while rest.last == slash { rest.removeLast() }
        return rest
    }

    /// What follows a folder's name in a path: empty for the folder itself, nil for what is not in it.
    private static func below(_ folder: [UInt8], _ path: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard path.starts(with: folder) else { return nil }
        let rest = path.dropFirst(folder.count)
        guard let first = rest.first else { return rest }
        return first == UInt8(ascii: "/") ? rest.dropFirst() : nil
    }
}
