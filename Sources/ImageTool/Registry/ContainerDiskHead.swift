import Compression
import Failure
import Layers
import Tar

/// What the beginning of a layer tells of the disk in it: whoever builds container disks puts the disk in front, or nothing
/// beside it.
struct ContainerDiskHead {
    /// From the root on.
    let path: [UInt8]
    let size: UInt64
    /// The first bytes of the disk.
    let bytes: [UInt8]

    /// Layers that are looked at, from the top down: an image to run has more.
    static let mostLayers = 8
    /// Bytes of the archive that are looked at: what packs well must not cost more than what does not.
    private static let mostBytes = 1 << 20

    /// - Parameter head: the first bytes of a layer, as packed as it is.
    /// - Returns: nil if there is no disk in front.
    init?(layer head: [UInt8]) {
        guard let file = OnlyFile(below: "disk") else { return nil }
        var search = Search(file: file)
        search.run(head)
        guard let path = file.path else { return nil }
        self.path = path
        size = file.size
        bytes = search.bytes
    }

    private struct Search: TarVisitor {
        let file: OnlyFile
        var bytes: [UInt8] = []

        private struct Enough: Error {}

        init(file: OnlyFile) { self.file = file }

        /// What cannot be read is read again, and told then, if it is taken for a disk at all.
        mutating func run(_ head: [UInt8]) {
            var archive = TarReader()
            do {
                let beginning = try UnpackedBeginning(of: head, isWhole: false).bytes.prefix(
                    ContainerDiskHead.mostBytes)
                try unsafe archive.feed(Array(beginning).span.bytes, to: &self)
            } catch {
                return
            }
        }

        mutating func begin(_ entry: TarEntry) throws { try file.begin(entry) }

        mutating func content(_ part: RawSpan, at offset: UInt64) throws {
            guard file.path != nil else { return }
            unsafe part.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        }

        mutating func end() throws {
            file.end()
            if file.path != nil { throw Enough() }
        }
    }
}
