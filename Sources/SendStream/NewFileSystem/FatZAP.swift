/// A ZAP of many blocks (OpenZFS, zap_impl.h, zap_leaf.h): a header with a table, leaves with the names, and where there are more
/// than 1024 pointers to leaves, the table in blocks of its own.
///
/// The upper bits of a name's hash are its place in the table. A leaf has all names whose hashes begin with the same bits, its
/// prefix, so a leaf with a shorter prefix is in several places of the table.
struct FatZAP {
    static let blockSize = 1 << blockShift
    /// `fzap_default_block_shift`
    private static let blockShift = 14
    /// Bits of the table within the header.
    private static let headerTableBits = blockShift - 4
    /// Bits of the largest table: 2 MiB. With a million of the longest names it has 17; more take names that were chosen for
    /// their hashes.
    private static let mostTableBits = 18

    private let names: [HashedName]
    private let leaves: [Leaf]
    private let tableBits: Int
    private let salt: UInt64

    private struct Leaf {
        var names: Range<Int>
        var prefix: UInt64
        var prefixBits: Int
    }

    /// - Parameter names: ascending.
    init(_ names: [HashedName], salt: UInt64) throws(UnplacedStreamError) {
        self.names = names
        self.salt = salt
        var leaves: [Leaf] = []
        var pending = [Leaf(names: 0..<names.count, prefix: 0, prefixBits: 0)]
        while let leaf = pending.popLast() {
            let chunks = names[leaf.names].reduce(0) { $0 + ZAPLeaf.chunks(for: $1.name) }
            if chunks <= ZAPLeaf.chunkCount {
                leaves.append(leaf)
                continue
            }
            guard leaf.prefixBits < Self.mostTableBits else {
                throw UnplacedStreamError(.limit, "a directory has too many names that ZFS cannot tell apart well")
            }
            let half = UInt64(1) << (63 - leaf.prefixBits)
            let split = leaf.names.partitioningIndex { names[$0].hash & half != 0 }
            let (low, high) = (leaf.names.lowerBound..<split, split..<leaf.names.upperBound)
            pending.append(Leaf(names: high, prefix: leaf.prefix << 1 | 1, prefixBits: leaf.prefixBits + 1))
            pending.append(Leaf(names: low, prefix: leaf.prefix << 1, prefixBits: leaf.prefixBits + 1))
        }
        self.leaves = leaves
        tableBits = max(leaves.reduce(0) { max($0, $1.prefixBits) }, Self.headerTableBits)
    }

    func forEachBlock(_ body: ([UInt8]) throws -> Void) rethrows {
        var header = numbers
        let isInHeader = tableBits == Self.headerTableBits
        if isInHeader { forEachPointer { header += $0.littleEndianBytes } }
        try body(header + [UInt8](repeating: 0, count: Self.blockSize - header.count))
        for leaf in leaves {
            try body(ZAPLeaf.block(names[leaf.names], prefix: leaf.prefix, prefixBits: leaf.prefixBits))
        }
        guard !isInHeader else { return }
        var block: [UInt8] = []
        try forEachPointer { pointer in
            block += pointer.littleEndianBytes
            guard block.count == Self.blockSize else { return }
            try body(block)
            block.removeAll(keepingCapacity: true)
        }
    }

    /// The first half of the header.
    private var numbers: [UInt8] {
        let isInHeader = tableBits == Self.headerTableBits
        let tableBlocks: UInt64 = isInHeader ? 0 : 1 << UInt64(tableBits + 3 - Self.blockShift)
        let firstFree = 1 + UInt64(leaves.count)
        let fields: [UInt64] = [
            ZAPBlock.headerType, ZAPBlock.headerMagic,
            // The table: where, how many blocks, bits; no growth is under way.
            isInHeader ? 0 : firstFree, tableBlocks, UInt64(tableBits), 0, 0,
            firstFree + tableBlocks, UInt64(leaves.count), UInt64(names.count), salt, 0, 0,
        ]
        let bytes = fields.flatMap(\.littleEndianBytes)
        return bytes + [UInt8](repeating: 0, count: Self.blockSize / 2 - bytes.count)
    }

    /// The blocks of leaves, in the order of the table.
    private func forEachPointer(_ body: (UInt64) throws -> Void) rethrows {
        for (index, leaf) in leaves.enumerated() {
            for _ in 0..<(1 << (tableBits - leaf.prefixBits)) { try body(UInt64(index) + 1) }
        }
    }
}

/// A leaf: a header, a table of hashes, and chunks of 24 bytes, which are entries or parts of names and values.
enum ZAPLeaf {
    static let chunkCount = (FatZAP.blockSize - 2 * hashCount) / chunkSize - 2
    private static let hashCount = FatZAP.blockSize / 32
    private static let chunkSize = 24
    private static let arrayBytes = 21
    private static let freeType: UInt8 = 253
    private static let chainEnd: UInt16 = 0xffff

    /// What a name takes: an entry, the name with its NUL, and a value of 8 bytes.
    static func chunks(for name: [UInt8]) -> Int { 2 + (name.count + 1 + arrayBytes - 1) / arrayBytes }

    /// - Parameter names: ascending, with room for all.
    static func block(_ names: ArraySlice<HashedName>, prefix: UInt64, prefixBits: Int) -> [UInt8] {
        var heads = [UInt16](repeating: chainEnd, count: hashCount)
        var chunks: [UInt8] = []
        chunks.reserveCapacity(chunkCount * chunkSize)
        var number = HashNumber()
        for entry in names {
            let index = chunks.count / chunkSize
            let name = entry.name + [0]
            let value = index + 1 + (name.count + arrayBytes - 1) / arrayBytes
            let bucket = Int((entry.hash << UInt64(prefixBits)) >> (64 - UInt64(hashCount.trailingZeroBitCount)))
            var chunk: [UInt8] = [ZAPBlock.entryType, 8]
            for field in [heads[bucket], UInt16(index + 1), UInt16(name.count), UInt16(value), 1] {
                chunk += field.littleEndianBytes
            }
            chunk += UInt64(number.next(entry.hash)).littleEndianBytes.prefix(4) + entry.hash.littleEndianBytes
            chunks += chunk
            heads[bucket] = UInt16(index)
            append(name, to: &chunks)
            append(entry.value.littleEndianBytes.reversed(), to: &chunks)
        }
        let used = chunks.count / chunkSize
        for index in used..<max(used, chunkCount) {
            let next = index + 1 == chunkCount ? chainEnd : UInt16(index + 1)
            chunks += [freeType] + [UInt8](repeating: 0, count: arrayBytes) + next.littleEndianBytes
        }
        var block = ZAPBlock.leafType.littleEndianBytes + UInt64(0).littleEndianBytes + prefix.littleEndianBytes
        block += UInt64(ZAPBlock.leafMagic).littleEndianBytes.prefix(4)
        let free = used == chunkCount ? chainEnd : UInt16(used)
        for field in [UInt16(chunkCount - used), UInt16(names.count), UInt16(prefixBits), free] {
            block += field.littleEndianBytes
        }
        block += [UInt8](repeating: 0, count: 12)
        for head in heads { block += head.littleEndianBytes }
        return block + chunks
    }

    private static func append(_ bytes: [UInt8], to chunks: inout [UInt8]) {
        for start in stride(from: 0, to: bytes.count, by: arrayBytes) {
            let part = bytes[start..<min(start + arrayBytes, bytes.count)]
            let isLast = start + arrayBytes >= bytes.count
            let next = isLast ? chainEnd : UInt16(chunks.count / chunkSize + 1)
            chunks += [ZAPBlock.arrayType] + part + [UInt8](repeating: 0, count: arrayBytes - part.count)
            chunks += next.littleEndianBytes
        }
    }
}

extension UInt16 {
    fileprivate var littleEndianBytes: [UInt8] { [UInt8(self & 0xff), UInt8(self >> 8)] }
}

extension Range<Int> {
    /// The first of the numbers from which on something is so, where it is not so before; the end, if there is none.
    fileprivate func partitioningIndex(_ isSo: (Int) -> Bool) -> Int {
        var (low, high) = (lowerBound, upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if isSo(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
