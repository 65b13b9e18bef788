/// Where an entry of a layer goes: components below the root, checked (docker.md, "Extraction").
public struct EntryPath: Sendable {
    /// Folders within each other that a path may lead through.
    public static let mostFolders = 256
    /// Links in a row that are followed: as many as Linux follows.
    public static let mostLinks = 40

    /// The components of the folder it is in.
    public let parent: [EntryName]
    /// Nil for the root itself.
    public let name: EntryName?

    /// Reads a path as an archive has it: relative to the root, whether or not it begins with `/` or `./`.
    ///
    /// - Throws: `LayerError` for `..`, which readers understand differently, and for names no file system takes.
    public init(_ path: [UInt8]) throws(LayerError) {
        var parts: [EntryName] = []
        for part in path.split(separator: UInt8(ascii: "/"))
        where !part.elementsEqual(CollectionOfOne(UInt8(ascii: "."))) {
            guard let name = EntryName(part) else {
                throw LayerError(part.elementsEqual("..".utf8) ? .parentReference : .badName, path)
            }
            parts.append(name)
        }
        name = parts.popLast()
        parent = parts
    }
}

/// What a name says of the layers below (OCI image-spec, layer.md, "Whiteouts").
enum Whiteout {
    /// An ordinary entry.
    case none
    /// `.wh.NAME`: NAME of the layers below is hidden.
    case of(EntryName)
    /// `.wh..wh..opq`: all that the layers below have in this folder is hidden.
    case opaque
    /// `.wh..wh.…`: AUFS's own notes, which mean nothing to anybody else.
    case note
    /// `.wh..wh.plnk/NAME`: where AUFS keeps what has several names, to which entries are hard links.
    case linked

    private static let prefix = Array(".wh.".utf8)
    private static let opaqueName = Array(".wh..wh..opq".utf8)
    /// AUFS's folder in the root for what has several names.
    static let linkFolder = EntryName(".wh..wh.plnk".utf8)

    /// - Throws: `LayerError` for a whiteout of nothing, of `.` or of `..`, and for something below a whiteout.
    init(_ path: EntryPath, _ whole: [UInt8]) throws(LayerError) {
        if path.parent.contains(where: Whiteout.isNote) {
            self = path.parent.count == 1 && path.parent.first == Whiteout.linkFolder ? .linked : .note
            return
        }
        guard !path.parent.contains(where: { $0.bytes.starts(with: Whiteout.prefix) }) else {
            throw LayerError(.badWhiteout, whole)
        }
        guard let name = path.name, name.bytes.starts(with: Whiteout.prefix) else {
            self = .none
            return
        }
        if name.bytes.elementsEqual(Whiteout.opaqueName) {
            self = .opaque
        } else if Whiteout.isNote(name) {
            self = .note
        } else if let hidden = EntryName(name.bytes.dropFirst(Whiteout.prefix.count)) {
            self = .of(hidden)
        } else {
            throw LayerError(.badWhiteout, whole)
        }
    }

    private static func isNote(_ name: EntryName) -> Bool {
        name.bytes.starts(with: Whiteout.prefix + Whiteout.prefix)
            && !name.bytes.elementsEqual(Whiteout.opaqueName)
    }
}
