/// A block of a ZAP, in which ZFS keeps names and numbers (OpenZFS, zap_impl.h, zap_leaf.h).
enum ZAPBlock {
    /// All names that there are, in the only block.
    case micro(ZAPEntries)
    /// The first block of many.
    case header(leafCount: UInt64, entryCount: UInt64)
    case leaf(ZAPEntries)
    /// A table by which a leaf is found: to read all of them, none is needed.
    case table

    /// `ZBT_LEAF`, `ZBT_HEADER`; `ZBT_MICRO` is ``MicroZAP/magic``.
    static let leafType: UInt64 = 1 << 63
    static let headerType: UInt64 = 1 << 63 + 1
    /// `ZAP_MAGIC`, `ZAP_LEAF_MAGIC`
    static let headerMagic: UInt64 = 0x2_f52a_b2ab
    static let leafMagic: UInt32 = 0x2ab_1eaf
    /// Types of a leaf's chunks: `ZAP_CHUNK_ENTRY`, `ZAP_CHUNK_ARRAY`.
    static let entryType: UInt8 = 252
    static let arrayType: UInt8 = 251

    /// - Parameter isFirst: it is the block at offset 0.
    init(_ block: [UInt8], isFirst: Bool, isLittleEndian: Bool) throws(UnplacedStreamError) {
        guard block.count >= 512 else {
            throw UnplacedStreamError(.badRecord, "a block of names (ZAP) has \(block.count) bytes")
        }
        let type: UInt64 = block[..<8].number(isLittleEndian: isLittleEndian)
        switch type {
        case MicroZAP.magic where isFirst:
            var entries = ZAPEntries()
            for entry in try MicroZAP.entries(block, isLittleEndian: isLittleEndian) {
                entries.append(entry.name[...], [entry.value])
            }
            self = .micro(entries)
        case Self.headerType where isFirst:
            let magic: UInt64 = block[8..<16].number(isLittleEndian: isLittleEndian)
            guard magic == Self.headerMagic else {
                throw UnplacedStreamError(.badRecord, "a ZAP has a wrong magic number")
            }
            // Behind five numbers of the table and the number of the next free block.
            self = .header(
                leafCount: block[64..<72].number(isLittleEndian: isLittleEndian),
                entryCount: block[72..<80].number(isLittleEndian: isLittleEndian))
        case Self.leafType where !isFirst:
            let magic: UInt32 = block[24..<28].number(isLittleEndian: isLittleEndian)
            guard magic == Self.leafMagic else {
                throw UnplacedStreamError(.badRecord, "a ZAP's leaf has a wrong magic number")
            }
            var leaf = try LeafReader(block, isLittleEndian: isLittleEndian)
            self = .leaf(try leaf.entries())
        default:
            guard !isFirst else {
                throw UnplacedStreamError(.badRecord, "what should be names and numbers (ZAP) is none")
            }
            self = .table
        }
    }
}

/// Reads a leaf: a header of 48 bytes, a table of hashes, and chunks of 24 bytes, of which each is used once.
private struct LeafReader {
    private let block: [UInt8]
    private let isLittleEndian: Bool
    /// Where the chunks begin, and how many they are.
    private let start: Int
    private let count: Int
    /// Chunks of names and values that have been read: more than there are means that they are shared, or in a circle.
    private var used = 0

    private static let chunkSize = 24
    /// Bytes of a chunk that are content.
    private static let arrayBytes = 21

    init(_ block: [UInt8], isLittleEndian: Bool) throws(UnplacedStreamError) {
        // The table has an entry of two bytes for each 32 of a block, whose size is a power of two.
        guard block.count & (block.count - 1) == 0 else {
            throw UnplacedStreamError(.badRecord, "a ZAP's leaf has \(block.count) bytes, no power of two")
        }
        self.block = block
        self.isLittleEndian = isLittleEndian
        start = 48 + block.count / 32 * 2
        count = (block.count - start) / Self.chunkSize
    }

    mutating func entries() throws(UnplacedStreamError) -> ZAPEntries {
        var entries = ZAPEntries()
        for index in 0..<count {
            let chunk = chunk(index)
            guard chunk[chunk.startIndex] == ZAPBlock.entryType else { continue }
            let width = Int(chunk[chunk.startIndex + 1])
            let nameLength = Int(u16(chunk, 6))
            guard (1...FileSystemLimits.nameLength + 1).contains(nameLength) else {
                throw UnplacedStreamError(.badRecord, "a name in a ZAP has \(nameLength) bytes")
            }
            guard [1, 2, 4, 8].contains(width) else {
                throw UnplacedStreamError(.badRecord, "a ZAP has numbers of \(width) bytes")
            }
            let name = try array(u16(chunk, 4), nameLength)
            guard name.last == 0, !name.dropLast().contains(0) else {
                throw UnplacedStreamError(.badRecord, "a name in a ZAP does not end where it should")
            }
            let value = try array(u16(chunk, 8), Int(u16(chunk, 10)) * width)
            // Big-endian, whoever made it.
            let numbers = stride(from: 0, to: value.count, by: width).map { place in
                value[place..<(place + width)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            entries.append(name.dropLast(), numbers)
        }
        let stated: UInt16 = block[30..<32].number(isLittleEndian: isLittleEndian)
        guard entries.count == Int(stated) else {
            throw UnplacedStreamError(.badRecord, "a ZAP's leaf has \(entries.count) names, and states \(stated)")
        }
        return entries
    }

    private mutating func array(_ first: UInt16, _ length: Int) throws(UnplacedStreamError) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = Int(first)
        while bytes.count < length {
            used += 1
            guard index < count, used <= count else {
                throw UnplacedStreamError(.badRecord, "a name or value in a ZAP has no end")
            }
            let chunk = chunk(index)
            guard chunk[chunk.startIndex] == ZAPBlock.arrayType else {
                throw UnplacedStreamError(.badRecord, "a name or value in a ZAP leads to something else")
            }
            bytes += chunk.dropFirst().prefix(min(Self.arrayBytes, length - bytes.count))
            index = Int(u16(chunk, 22))
        }
        return bytes
    }

    private func chunk(_ index: Int) -> ArraySlice<UInt8> {
        block[(start + index * Self.chunkSize)..<(start + (index + 1) * Self.chunkSize)]
    }

    private func u16(_ chunk: ArraySlice<UInt8>, _ offset: Int) -> UInt16 {
        chunk[(chunk.startIndex + offset)..<(chunk.startIndex + offset + 2)].number(isLittleEndian: isLittleEndian)
    }
}
