/// Names and their numbers, packed: there may be millions.
struct ZAPEntries {
    typealias Entry = (name: ArraySlice<UInt8>, values: [UInt64])

    /// Of each: length of the name (2 bytes), how many numbers (2 bytes), the name, the numbers (8 bytes each).
    private var bytes: [UInt8] = []
    private(set) var count = 0

    var byteCount: Int { bytes.count }

    mutating func append(_ name: ArraySlice<UInt8>, _ values: [UInt64]) {
        // Both were read from two bytes.
        for number in [name.count, values.count] { bytes += [UInt8(number & 0xff), UInt8(number >> 8 & 0xff)] }
        bytes += name
        for value in values { bytes += value.littleEndianBytes }
        count += 1
    }

    func forEach<Failure>(_ body: (Entry) throws(Failure) -> Void) throws(Failure) {
        var place = 0
        while place < bytes.count {
            let nameLength = Int(bytes[place]) | Int(bytes[place + 1]) << 8
            let valueCount = Int(bytes[place + 2]) | Int(bytes[place + 3]) << 8
            let name = (place + 4)..<(place + 4 + nameLength)
            let values = (0..<valueCount).map { index -> UInt64 in
                let start = name.upperBound + index * 8
                return bytes[start..<(start + 8)].number(isLittleEndian: true)
            }
            try body((bytes[name], values))
            place = name.upperBound + valueCount * 8
        }
    }
}

/// What a ZAP holds, block by block, so that an increment can change some of them.
struct ZAPContent {
    private var first: First?
    private var leaves: [UInt64: ZAPEntries] = [:]
    /// Where they are.
    private var places = SortedNumbers()

    private enum First {
        case micro(ZAPEntries)
        case header(leafCount: UInt64, entryCount: UInt64)
    }

    /// - Returns: how many bytes of memory it takes more, or less.
    mutating func set(_ block: ZAPBlock, at offset: UInt64) -> Int {
        switch block {
        case .micro(let entries):
            let before = byteCount
            first = .micro(entries)
            leaves = [:]
            places = SortedNumbers()
            return entries.byteCount - before
        case .header(let leafCount, let entryCount):
            let before = if case .micro(let entries) = first { entries.byteCount } else { 0 }
            first = .header(leafCount: leafCount, entryCount: entryCount)
            return -before
        case .leaf(let entries):
            let before = leaves.updateValue(entries, forKey: offset)?.byteCount
            if before == nil { places.insert(offset) }
            return entries.byteCount - (before ?? -Self.overhead)
        case .table:
            places.remove(offset, offset + 1)
            return -(leaves.removeValue(forKey: offset).map { $0.byteCount + Self.overhead } ?? 0)
        }
    }

    /// Takes away the blocks of a range.
    ///
    /// - Parameter end: nil: all that follow.
    mutating func free(from offset: UInt64, to end: UInt64?) {
        if offset == 0 { first = nil }
        for place in places.remove(offset, end ?? .max) { leaves[place] = nil }
    }

    /// About what a leaf takes besides its names.
    private static let overhead = 120

    private var byteCount: Int {
        let firstBytes = if case .micro(let entries) = first { entries.byteCount } else { 0 }
        return leaves.values.reduce(firstBytes) { $0 + $1.byteCount + Self.overhead }
    }

    /// - Parameter what: for messages.
    /// - Throws: `badRecord` if it is not whole: that a leaf counts, only the header tells.
    func forEach(_ what: String, _ body: (ZAPEntries.Entry) throws(UnplacedStreamError) -> Void)
        throws(UnplacedStreamError)
    {
        switch first {
        case nil: throw UnplacedStreamError(.badRecord, "\(what) has no content")
        case .micro(let entries): try entries.forEach(body)
        case .header(let leafCount, let entryCount):
            let count = leaves.values.reduce(0) { $0 + $1.count }
            guard leafCount == UInt64(leaves.count), entryCount == UInt64(count) else {
                throw UnplacedStreamError(
                    .badRecord,
                    "\(what) has \(count) names in \(leaves.count) blocks, and states \(entryCount) in \(leafCount)")
            }
            for leaf in leaves.values { try leaf.forEach(body) }
        }
    }

    /// The first number of a name, of a ZAP with few names.
    ///
    /// - Throws: `badRecord` also if the name is there twice.
    func value(_ name: String, _ what: String) throws(UnplacedStreamError) -> UInt64? {
        var found: UInt64?
        var count = 0
        try forEach(what) { entry throws(UnplacedStreamError) in
            guard entry.name.elementsEqual(name.utf8) else { return }
            guard count == 0 else { throw UnplacedStreamError(.badRecord, "\(what) has a name twice") }
            count += 1
            found = entry.values.first
        }
        return found
    }
}
