public import Tar

/// Finds the one regular file that an image has below a folder, in one pass over its layers from the top down: what lies above
/// decides, so that the content of the file can be handed on as it comes, whichever layer has it (OCI image-spec, layer.md,
/// "Applying Changesets").
///
/// An image with several such files, or with one that is reached by a link, is refused: it is not said which is meant.
public final class OnlyFile: TarVisitor {
    /// Takes the content of the file, in its order.
    public var receive: ((RawSpan) throws -> Void)?
    /// Where it is, from the root on; nil while it was not seen.
    public private(set) var path: [UInt8]?
    /// Its bytes.
    public private(set) var size: UInt64 = 0
    private let folder: EntryName
    /// What the layers above say, and what is found in the layer that is read.
    private var above = Names()
    private var own = Names()
    private var place: [EntryName]?
    private var isReading = false
    /// Bytes that all names take, and may take.
    private var bytes = 0
    private static let mostBytes = 16 << 20

    private struct Names {
        /// What was removed or is no folder: neither it nor what is below it is seen further down.
        var covers: Set<[EntryName]> = []
        /// Those of them that are there, and are no folders.
        var things: Set<[EntryName]> = []
        /// Folders that are there: a file of that name is not seen further down.
        var folders: Set<[EntryName]> = []
        /// Folders of which nothing is seen further down but they themselves.
        var emptied: Set<[EntryName]> = []

        func hides(_ path: [EntryName]) -> Bool {
            folders.contains(path) || (1...path.count).contains { covers.contains(Array(path[..<$0])) }
                || (0..<path.count).contains { emptied.contains(Array(path[..<$0])) }
        }
    }

    /// - Parameter folder: a name in the root.
    /// - Returns: nil for what is no name.
    public init?(below folder: String) {
        guard let name = EntryName(folder.utf8) else { return nil }
        self.folder = name
    }

    /// - Throws: `LayerError`.
    public func begin(_ entry: TarEntry) throws {
        let path = try EntryPath(entry.path)
        switch try Whiteout(path, entry.path) {
        case .note, .linked: break
        case .of(let hidden):
            let whole = path.parent + [hidden]
            guard whole.first == folder else { return }
            try count(whole, entry)
            own.covers.insert(whole)
        case .opaque:
            guard path.parent.isEmpty || path.parent.first == folder else { return }
            try count(path.parent, entry)
            own.emptied.insert(path.parent)
        case .none:
            guard let name = path.name, (path.parent.first ?? name) == folder else { return }
            try note(path.parent + [name], entry)
        }
    }

    private func note(_ whole: [EntryName], _ entry: TarEntry) throws(LayerError) {
        try count(whole, entry)
        if entry.kind == .directory {
            // Somebody would see a folder in the place of the file.
            guard whole != place || above.hides(whole) else { throw LayerError(.severalFiles, entry.path) }
            own.folders.insert(whole)
            return
        }
        guard !above.hides(whole) else { return }
        if let place, whole.count < place.count, place.starts(with: whole) {
            throw LayerError(.notAFolder, entry.path)
        }
        own.covers.insert(whole)
        own.things.insert(whole)
        switch entry.kind {
        case .file:
            guard place == nil else { throw LayerError(.severalFiles, entry.path) }
            guard !(1..<whole.count).contains(where: { own.things.contains(Array(whole[..<$0])) }) else {
                throw LayerError(.notAFolder, entry.path)
            }
            guard !entry.isSparse else { throw LayerError(.sparse, entry.path) }
            place = whole
            self.path = Array(whole.map(\.bytes).joined(separator: CollectionOfOne(UInt8(ascii: "/"))))
            size = entry.size
            isReading = true
        case .hardLink: throw LayerError(.severalFiles, entry.path)
        case .directory, .symbolicLink, .characterDevice, .blockDevice, .fifo: break
        }
    }

    private func count(_ path: [EntryName], _ entry: TarEntry) throws(LayerError) {
        bytes += entry.path.count * 2 + path.count * 48 + 128
        guard bytes <= Self.mostBytes else { throw LayerError(.tooManyNames, entry.path) }
    }

    public func content(_ bytes: RawSpan, at offset: UInt64) throws {
        if isReading { try receive?(bytes) }
    }

    public func end() { isReading = false }

    /// The layer has come to its end; the one below it follows.
    public func endLayer() {
        above.covers.formUnion(own.covers)
        above.folders.formUnion(own.folders)
        above.emptied.formUnion(own.emptied)
        own = Names()
    }
}
