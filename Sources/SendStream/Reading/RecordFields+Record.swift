extension RecordFields {
    /// Types of records (`DRR_*`).
    static let beginType: UInt32 = 0
    static let endType: UInt32 = 5

    /// The four numbers of a checksum; the offset is counted from the record's first byte.
    func checksum(at offset: Int) -> Fletcher4 {
        Fletcher4(a: u64(offset - 8), b: u64(offset), c: u64(offset + 8), d: u64(offset + 16))
    }

    /// Reads a record that is neither the first nor the last of a stream.
    ///
    /// - Returns: it, and how many bytes of payload follow.
    func record(_ limits: StreamLimits) throws(UnplacedStreamError) -> (StreamRecord, payload: Int) {
        switch type {
        case 1: return try object()
        case 2:
            try checkRange(u64(0), u64(8))
            return (.freeObjects(first: u64(0), count: u64(8)), 0)
        case 3: return try write(limits)
        case 4:
            let length = u64(16) == .max ? nil : u64(16)
            try checkRange(u64(8), length ?? 0)
            return (.free(object: u64(0), offset: u64(8), length: length), 0)
        case 6:
            try checkRange(u64(8), u64(16))
            let reference = StreamRecord.reference(
                object: u64(0), offset: u64(8), length: u64(16), sourceGUID: u64(32), sourceObject: u64(40))
            return (reference, 0)
        case 7: return try spill(limits)
        case 8: return try embedded(limits)
        case 9:
            try checkRange(u64(0), u64(8))
            return (.objectRange(first: u64(0), count: u64(8)), 0)
        case 10:
            try checkRange(u64(8), u64(16))
            return (.redact(object: u64(0), offset: u64(8), length: u64(16)), 0)
        default: throw UnplacedStreamError(.badRecord, "it is of type \(type), which is unknown")
        }
    }

    private func object() throws(UnplacedStreamError) -> (StreamRecord, payload: Int) {
        let bonusLength = try length(UInt64(u32(20)), most: StreamLimits.describedBytes, "a bonus", least: 0)
        let rawLength = try length(UInt64(u32(28)), most: StreamLimits.describedBytes, "a bonus", least: 0)
        let blockSize = try length(UInt64(u32(16)), most: StreamLimits.largestBlock, "a block", least: 512)
        guard u64(0) != 0, u32(8) != 0 else {
            throw UnplacedStreamError(.badRecord, "an object has no number, or no type")
        }
        guard blockSize.isMultiple(of: 512) else {
            throw UnplacedStreamError(.badRecord, "blocks of \(blockSize) bytes, no multiple of 512")
        }
        let payload = rawLength == 0 ? (bonusLength + 7) / 8 * 8 : rawLength
        guard payload >= bonusLength else {
            throw UnplacedStreamError(.badRecord, "an object's bonus is longer than its payload")
        }
        let record = ObjectRecord(
            object: u64(0), type: u32(8), bonusType: u32(12), blockSize: blockSize, bonusLength: bonusLength,
            hasSpill: u8(27) & 4 != 0)
        return (.object(record), try whole(payload))
    }

    private func write(_ limits: StreamLimits) throws(UnplacedStreamError) -> (StreamRecord, payload: Int) {
        let length = try length(u64(24), most: limits.blockBytes, "a block")
        try checkRange(u64(16), UInt64(length))
        let packing = u8(42)
        let payload = packing == 0 ? length : try self.length(u64(88), most: limits.blockBytes, "a packed block")
        let record = WriteRecord(
            object: u64(0), type: u32(8), offset: u64(16), length: length, packing: BlockPacking(packing))
        return (.write(record), try whole(payload))
    }

    private func spill(_ limits: StreamLimits) throws(UnplacedStreamError) -> (StreamRecord, payload: Int) {
        let length = try length(u64(8), most: limits.blockBytes, "a spill block")
        let packed = try self.length(u64(32), most: limits.blockBytes, "a packed spill block", least: 0)
        let record = SpillRecord(
            object: u64(0), length: length, packing: packed == 0 ? BlockPacking.none : BlockPacking(u8(25)),
            isUnmodified: u8(24) & 4 != 0)
        return (.spill(record), try whole(packed == 0 ? length : packed))
    }

    private func embedded(_ limits: StreamLimits) throws(UnplacedStreamError) -> (StreamRecord, payload: Int) {
        let length = try length(u64(16), most: limits.blockBytes, "a block")
        try checkRange(u64(8), UInt64(length))
        let unpacked = try self.length(UInt64(u32(40)), most: length, "an embedded block")
        let packed = try self.length(UInt64(u32(44)), most: StreamLimits.embeddedBytes, "an embedded block's data")
        guard u8(33) == 0 else {
            throw UnplacedStreamError(.badRecord, "an embedded block is no data, but of type \(u8(33))")
        }
        let record = EmbeddedRecord(
            object: u64(0), offset: u64(8), length: length, unpackedLength: unpacked, packedLength: packed,
            packing: BlockPacking(u8(32)))
        return (.embedded(record), (packed + 7) / 8 * 8)
    }

    private func length(_ number: UInt64, most: Int, _ what: String, least: Int = 1) throws(UnplacedStreamError) -> Int
    {
        guard let length = Int(exactly: number), length <= most else {
            throw UnplacedStreamError(.limit, "\(what) has \(number) bytes, more than \(most)")
        }
        guard length >= least else {
            throw UnplacedStreamError(.badRecord, "\(what) has \(number) bytes, less than \(least)")
        }
        return length
    }

    /// Checksums are over words of four bytes; of a payload that is no multiple, they would leave something out.
    private func whole(_ payload: Int) throws(UnplacedStreamError) -> Int {
        guard payload.isMultiple(of: 4) else {
            throw UnplacedStreamError(.badRecord, "its payload has \(payload) bytes, no multiple of 4")
        }
        return payload
    }

    private func checkRange(_ start: UInt64, _ count: UInt64) throws(UnplacedStreamError) {
        guard !start.addingReportingOverflow(count).overflow else {
            throw UnplacedStreamError(.badRecord, "a range of \(count) from \(start) on goes over 2^64")
        }
    }
}
