public import Tar

/// Hands on the entries of a system's files: all of an archive, or, where it is an image of incus or LXD in one file, those of `rootfs/`
/// as if they were all (``UnifiedImagePlace``).
public struct SystemEntries<Visitor: TarVisitor>: TarVisitor {
    /// Who gets them.
    public var visitor: Visitor
    /// Known from the first entry on that is not the archive's own root.
    private var isUnified: Bool?
    private var isHandedOn = true

    public init(_ visitor: Visitor) { self.visitor = visitor }

    /// - Throws: `LayerError` for an entry of such an image that is neither its system's nor describes it; what the visitor throws.
    public mutating func begin(_ entry: TarEntry) throws {
        let place = UnifiedImagePlace(of: entry.path)
        if isUnified == nil, place != .top { isUnified = Self.isOfImage(place) }
        isHandedOn = true
        guard isUnified == true else { return try visitor.begin(entry) }
        guard case .system(let inside) = place else {
            isHandedOn = false
            guard place == .top || place == .description else { throw LayerError(.besideSystem, entry.path) }
            return
        }
        var own = entry
        own.path = inside.isEmpty ? Array(".".utf8) : inside
        if entry.kind == .hardLink {
            guard case .system(let target) = UnifiedImagePlace(of: entry.linkTarget), !target.isEmpty else {
                throw LayerError(.badHardLink, entry.path)
            }
            own.linkTarget = target
        }
        try visitor.begin(own)
    }

    public mutating func content(_ bytes: RawSpan, at offset: UInt64) throws {
        if isHandedOn { try visitor.content(bytes, at: offset) }
    }

    public mutating func end() throws {
        if isHandedOn { try visitor.end() }
    }

    private static func isOfImage(_ place: UnifiedImagePlace) -> Bool {
        switch place {
        case .description, .system: true
        case .top, .disk, .elsewhere: false
        }
    }
}
