import Tar

/// The one disk of an OVA (DMTF DSP0243: a tar of a description, perhaps a manifest of checksums, and files), as its bytes come.
///
/// The signature of the manifest, if there is one, is not looked at.
final class OVASource: ByteSource {
    private var source: any ByteSource
    private var reader = TarReader(limits: TarLimits(entries: 1000))
    private var visitor = OVAVisitor()
    private var buffer: [UInt8]
    private var given = 0
    private var isEnded = false

    init(_ source: any ByteSource, _ limits: DiskLimits) {
        self.source = source
        buffer = [UInt8](repeating: 0, count: limits.chunkBytes)
    }

    /// What it is called, once its first bytes have been read: it may be an image of incus or LXD as well.
    var name: String { visitor.isOfIncus ? "incus" : "ova" }

    func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        while given == visitor.content.count, !isEnded, !visitor.isDiskComplete { try readOn() }
        if given == visitor.content.count, !visitor.hasDisk {
            throw DiskError(
                .notADisk, at: 0, "it is an archive without a disk (*.vmdk, *.qcow2, *.vhd, *.vhdx, *.img, *.raw) in it"
            )
        }
        let count = min(target.count, visitor.content.count - given)
        unsafe visitor.content.withUnsafeBytes {
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[given..<(given + count)]))
        }
        given += count
        return count
    }

    /// Reads what follows the disk, and compares all checksums.
    func finish() throws {
        while !isEnded { try readOn() }
        try visitor.check()
    }

    private func readOn() throws {
        visitor.content.removeAll(keepingCapacity: true)
        given = 0
        let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
        if count == 0 {
            isEnded = true
            return try reader.finish(to: &visitor)
        }
        let buffer = buffer
        try unsafe reader.feed(buffer.span.bytes.extracting(0..<count), to: &visitor)
    }
}
