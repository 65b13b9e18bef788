/// Names and numbers of which a ZAP is to be made: in one block where they fit, else in many.
struct NameTable {
    /// Bytes of each block, but of the last no more than there are.
    let blockSize: Int
    private let content: Content

    private enum Content {
        case micro([UInt8])
        case fat(FatZAP)
    }

    typealias Entry = (name: [UInt8], value: UInt64)

    /// `MZAP_MAX_BLKSZ`: bytes of the one block.
    private static let largestMicro = 1 << 17

    /// - Parameter salt: not zero. The same names with the same salt make the same blocks, in whatever order they come.
    /// - Throws: `limit` for names that no ZAP could hold, however it is made.
    init(_ entries: [Entry], salt: UInt64) throws(UnplacedStreamError) {
        let hashed = entries.map { HashedName(hash: NameHash.of($0.name, salt: salt), name: $0.name, value: $0.value) }
            .sorted()
        let size = (entries.count + 1) * MicroZAP.entrySize
        if size <= Self.largestMicro, entries.allSatisfy({ $0.name.count < MicroZAP.nameSize }) {
            let block = MicroZAP.block(hashed, salt: salt)
            content = .micro(block)
            blockSize = block.count
        } else {
            content = .fat(try FatZAP(hashed, salt: salt))
            blockSize = FatZAP.blockSize
        }
    }

    /// Hands on all blocks, in ascending order.
    func forEachBlock(_ body: ([UInt8]) throws -> Void) rethrows {
        switch content {
        case .micro(let block): try body(block)
        case .fat(let zap): try zap.forEachBlock(body)
        }
    }
}

/// A name with its hash. In order, names of one hash stand together, the same way each time.
struct HashedName: Comparable {
    let hash: UInt64
    let name: [UInt8]
    let value: UInt64

    static func < (one: HashedName, other: HashedName) -> Bool {
        one.hash == other.hash ? one.name.lexicographicallyPrecedes(other.name) : one.hash < other.hash
    }
}

extension MicroZAP {
    /// A block of names, little-endian.
    ///
    /// - Parameter entries: ascending, their names shorter than ``nameSize``.
    static func block(_ entries: [HashedName], salt: UInt64) -> [UInt8] {
        var block = magic.littleEndianBytes + salt.littleEndianBytes
        block += [UInt8](repeating: 0, count: entrySize - block.count)
        var number = HashNumber()
        for entry in entries {
            let start = block.count
            block +=
                entry.value.littleEndianBytes + UInt64(number.next(entry.hash)).littleEndianBytes.prefix(4) + [0, 0]
            block += entry.name + [UInt8](repeating: 0, count: entrySize - (block.count - start) - entry.name.count)
        }
        let over = block.count % 512
        return over == 0 ? block : block + [UInt8](repeating: 0, count: 512 - over)
    }
}

/// Tells names of one hash apart: counts them from 0.
struct HashNumber {
    private var last: UInt64?
    private var count: UInt32 = 0

    mutating func next(_ hash: UInt64) -> UInt32 {
        count = last == hash ? count + 1 : 0
        last = hash
        return count
    }
}
