/// Unpacks blocks. Two blocks of memory at most: what came, and what it unpacks to.
final class BlockUnpacker {
    private var unpacked: [UInt8] = []
    private lazy var zstd = ZstdBlock()

    /// Hands on a block as it was before it was packed.
    ///
    /// - Parameters:
    ///   - bytes: packed, perhaps with something behind the end: blocks fill whole sectors.
    ///   - length: what it unpacks to, at most `StreamLimits.largestBlock`.
    ///   - consume: gets exactly that many bytes, valid during the call only.
    /// - Throws: `UnplacedStreamError`, and what `consume` throws.
    func unpack(
        _ bytes: RawSpan, _ packing: BlockPacking?, length: Int, _ consume: (RawSpan) throws -> Void
    ) throws {
        if case .some(.none) = packing {
            guard bytes.byteCount >= length else {
                throw UnplacedStreamError(.badBlock, "\(bytes.byteCount) bytes for a block of \(length)")
            }
            return try consume(bytes.extracting(0..<length))
        }
        guard let packing else {
            throw UnplacedStreamError(.unsupported, "a block is packed in a way that is not known here")
        }
        // The buffer stays: a new one for each block would be filled with zeros twice.
        var output: [UInt8] = []
        swap(&output, &unpacked)
        if output.count < length { output = [UInt8](repeating: 0, count: length) }
        let isWhole = unsafe bytes.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBytes { output in
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: output[..<length])
                return switch packing {
                case .none: false
                case .lzjb: unsafe LZJBBlock.unpack(input, to: target)
                case .zle: unsafe ZLEBlock.unpack(input, to: target)
                case .lz4: unsafe Self.framed(input, header: 4).map { unsafe LZ4Block.unpack($0, to: target) } ?? false
                case .gzip: unsafe ZlibBlock.unpack(input, to: target)
                case .zstd:
                    // The length, then four bytes of version and level.
                    unsafe Self.framed(input, header: 8).map { unsafe zstd.unpack($0, to: target) } ?? false
                }
            }
        }
        guard isWhole else {
            throw UnplacedStreamError(.badBlock, "it is no \(packing.name) of \(length) bytes")
        }
        try unsafe consume(output.span.bytes.extracting(0..<length))
        swap(&output, &unpacked)
    }

    /// Hands on a block that lay in the pointer to it, filled up with zeros.
    func unpack(_ record: EmbeddedRecord, _ payload: RawSpan, _ consume: (RawSpan) throws -> Void) throws {
        var whole: [UInt8] = []
        let packed = payload.extracting(0..<record.packedLength)
        try unpack(packed, record.packing, length: record.unpackedLength) { whole = $0.array }
        whole += [UInt8](repeating: 0, count: record.length - whole.count)
        try unsafe consume(whole.span.bytes)
    }

    /// What follows a header that begins with its length, big-endian.
    private static func framed(_ input: UnsafeRawBufferPointer, header: Int) -> UnsafeRawBufferPointer? {
        guard input.count >= header else { return nil }
        let length = Int(unsafe UInt32(bigEndian: input.loadUnaligned(as: UInt32.self)))
        guard length <= input.count - header else { return nil }
        return unsafe UnsafeRawBufferPointer(rebasing: input[header..<(header + length)])
    }
}
