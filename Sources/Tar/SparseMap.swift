/// Which parts of a file are in the archive; the others are holes.
struct SparseMap {
    struct Region: Equatable {
        var offset: UInt64
        var count: UInt64
    }
    private(set) var regions: [Region] = []

    /// A file without holes.
    init(whole size: UInt64) { regions = size > 0 ? [Region(offset: 0, count: size)] : [] }

    init() {}

    /// - Throws: `badSparseMap` unless the regions stand in order, within the file, and have just the bytes that are stored;
    ///   `ambiguous` unless they end where the file does, if need be by an empty one: where GNU tar has no region, it leaves
    ///   the file as short as it is.
    func check(size: UInt64, stored: UInt64) throws(UnplacedTarError) {
        var end: UInt64 = 0
        var sum: UInt64 = 0
        for region in regions {
            let (next, overflow) = region.offset.addingReportingOverflow(region.count)
            guard !overflow, region.offset >= end, next <= size else {
                throw UnplacedTarError(.badSparseMap, "its regions overlap or lie outside the file")
            }
            end = next
            sum += region.count
        }
        guard sum == stored else {
            throw UnplacedTarError(.badSparseMap, "its regions have \(sum) bytes, but \(stored) are stored")
        }
        guard end == size else {
            throw UnplacedTarError(.ambiguous, "a sparse file has a hole at its end without a region")
        }
    }

    mutating func add(offset: UInt64, count: UInt64) { regions.append(Region(offset: offset, count: count)) }

    /// Entries of 24 bytes, two numbers each (GNU tar manual, "Old GNU Format").
    ///
    /// - Returns: false if there is an unused one, which none may follow.
    mutating func addOldRegions(_ bytes: ArraySlice<UInt8>) throws(UnplacedTarError) -> Bool {
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 24) {
            let fields = bytes[start..<min(start + 24, bytes.endIndex)]
            if fields.first == 0 {
                // Some readers look at the offset for the end, others at the count, and none beyond.
                guard fields.dropFirst(12).first == 0 else {
                    throw UnplacedTarError(.badSparseMap, "a region has no offset")
                }
                return false
            }
            guard fields.dropFirst(12).first != 0 else {
                throw UnplacedTarError(.badSparseMap, "a region has no count")
            }
            add(
                offset: try HeaderBlock.size(try HeaderNumber.read(fields.prefix(12))),
                count: try HeaderBlock.size(try HeaderNumber.read(fields.dropFirst(12))))
        }
        return true
    }

    /// `offset,count,offset,count,…` (GNU tar manual, "PAX Format, Version 0.1").
    init(list: [UInt8]) throws(UnplacedTarError) {
        guard !list.isEmpty else {
            self.init()
            return
        }
        try self.init(numbers: list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false))
    }

    /// - Parameter numbers: offsets and counts in turn.
    init(numbers: [ArraySlice<UInt8>]) throws(UnplacedTarError) {
        guard numbers.count.isMultiple(of: 2) else {
            throw UnplacedTarError(.badSparseMap, "it ends in the middle of a region")
        }
        for place in stride(from: 0, to: numbers.count, by: 2) {
            guard let offset = Decimal.read(numbers[place]), let count = Decimal.read(numbers[place + 1]) else {
                throw UnplacedTarError(.badSparseMap, "it has something that is no number")
            }
            add(offset: offset, count: count)
        }
    }
}

/// The map at the head of a content: a count and as many pairs, a number a line (GNU tar manual, "PAX Format, Version 1.0").
struct SparseMapLines {
    private var count: UInt64?
    private var numbers: [UInt64] = []
    private var line: [UInt8] = []
    /// Bytes that were read of it.
    private(set) var size = 0

    /// Takes a further block.
    ///
    /// - Parameter most: bytes that the whole map may have.
    /// - Returns: the map, if this was its last block.
    mutating func add(_ block: [UInt8], most: Int) throws(UnplacedTarError) -> SparseMap? {
        size += block.count
        guard size <= most else {
            throw UnplacedTarError(.limit, "the map of a sparse file is larger than \(most) bytes")
        }
        for byte in block {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                guard line.count < 20 else {
                    throw UnplacedTarError(.badSparseMap, "it has something that is no number")
                }
                continue
            }
            guard let number = Decimal.read(line) else {
                throw UnplacedTarError(.badSparseMap, "it has something that is no number")
            }
            line = []
            if count == nil { count = number } else { numbers.append(number) }
            if let count, UInt64(numbers.count / 2) == count, numbers.count.isMultiple(of: 2) { return map }
        }
        return nil
    }

    private var map: SparseMap {
        var map = SparseMap()
        for place in stride(from: 0, to: numbers.count, by: 2) {
            map.add(offset: numbers[place], count: numbers[place + 1])
        }
        return map
    }
}

/// Decimal numbers of extended headers: digits and nothing else.
enum Decimal {
    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Nil for what is no number, or one over `Int64.max`.
    static func read(_ digits: some Collection<UInt8>) -> UInt64? {
        guard !digits.isEmpty, digits.count <= 19 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard isDigit(digit) else { return nil }
            // 19 digits fit.
            value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        return value <= UInt64(Int64.max) ? value : nil
    }
}
