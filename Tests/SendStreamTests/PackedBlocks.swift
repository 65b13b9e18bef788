@testable import SendStream

/// Unpacks all blocks of a stream that are not encrypted.
struct PackedBlocks: StreamVisitor {
    private let unpacker = BlockUnpacker()
    private var isRaw = false
    /// Blocks that were packed.
    var count = 0

    mutating func begin(_ header: StreamHeader, properties: NameValueList?) {
        isRaw = header.features.contains(.raw)
    }

    mutating func record(_ record: StreamRecord, payload: RawSpan) throws {
        guard !isRaw else { return }
        switch record {
        case .write(let write): try unpack(payload, write.packing, write.length)
        case .spill(let spill): try unpack(payload, spill.packing, spill.length)
        case .embedded(let block):
            try unpack(payload.extracting(0..<block.packedLength), block.packing, block.unpackedLength)
        default: break
        }
    }

    mutating func end() {}

    private mutating func unpack(_ payload: RawSpan, _ packing: BlockPacking?, _ length: Int) throws {
        if packing != BlockPacking.none { count += 1 }
        try unpacker.unpack(payload, packing, length: length) { bytes in precondition(bytes.byteCount == length) }
    }
}
