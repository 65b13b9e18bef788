/// Puts records into a stream, each with the checksum of all before it.
struct RecordWriter {
    private(set) var checksum = Fletcher4()
    private(set) var byteCount: UInt64 = 0

    mutating func write(
        _ record: RecordBuilder, payload: RawSpan = RawSpan(), to sink: inout some StreamSink
    ) throws {
        var bytes = record.bytes
        if record.type != RecordFields.beginType {
            unsafe checksum.add(bytes.span.bytes.extracting(0..<RecordFields.checksumOffset))
            let sums = [checksum.a, checksum.b, checksum.c, checksum.d].flatMap(\.littleEndianBytes)
            bytes.replaceSubrange(RecordFields.checksumOffset..., with: sums)
            unsafe checksum.add(bytes.span.bytes.extracting(RecordFields.checksumOffset..<RecordFields.size))
        } else {
            unsafe checksum.add(bytes.span.bytes)
        }
        checksum.add(payload)
        byteCount += UInt64(bytes.count + payload.byteCount)
        try unsafe sink.write(bytes.span.bytes)
        if payload.byteCount > 0 { try sink.write(payload) }
    }
}

/// The fields of a record to be written, little-endian (see ``StreamRecord`` for what they are).
struct RecordBuilder {
    let type: UInt32
    private(set) var bytes: [UInt8]

    private init(_ type: UInt32) {
        self.type = type
        bytes = [UInt8](repeating: 0, count: RecordFields.size)
        put(type, 0)
    }

    /// - Parameter offset: counted from the record's first byte.
    private mutating func put<Number: FixedWidthInteger>(_ number: Number, _ offset: Int) {
        for place in 0..<MemoryLayout<Number>.size {
            bytes[offset + place] = UInt8(truncatingIfNeeded: number >> (place * 8))
        }
    }

    /// - Parameter offset: counted as in OpenZFS's header file.
    private consuming func with<Number: FixedWidthInteger>(_ offset: Int, _ number: Number) -> Self {
        var record = self
        record.put(number, 8 + offset)
        return record
    }

    /// One stream, without features.
    ///
    /// - Parameters:
    ///   - origin: the guid of the snapshot that it is an increment to; nil: it is whole.
    ///   - isNext: the origin is an earlier snapshot of the same dataset, which does not become a clone.
    static func begin(
        _ kind: StreamHeader.Kind, name: String, guid: UInt64, created: UInt64, origin: UInt64? = nil,
        isNext: Bool = false
    ) -> Self {
        let flags: StreamHeader.Flags = origin == nil || isNext ? [] : .clone
        var record = Self(RecordFields.beginType)
            .with(0, StreamHeader.magic).with(8, UInt64(1)).with(16, created).with(24, kind.number)
            .with(28, flags.rawValue).with(32, guid).with(40, origin ?? 0)
        record.bytes.replaceSubrange(56..<(56 + name.utf8.count), with: name.utf8)
        return record
    }

    /// - Parameter bonus: its type, and its bytes, of which the payload has more, so that it is a multiple of 8.
    static func object(
        _ object: UInt64, _ type: UInt32, blockSize: Int, bonus: (type: UInt32, length: Int) = (0, 0), _ guid: UInt64
    ) -> Self {
        Self(1).with(0, object).with(8, type).with(12, bonus.type).with(16, UInt32(blockSize))
            .with(20, UInt32(bonus.length)).with(32, guid)
    }

    static func freeObjects(first: UInt64, count: UInt64, _ guid: UInt64) -> Self {
        Self(2).with(0, first).with(8, count).with(16, guid)
    }

    static func write(_ object: UInt64, _ type: UInt32, _ offset: UInt64, _ length: Int, _ guid: UInt64) -> Self {
        Self(3).with(0, object).with(8, type).with(16, offset).with(24, UInt64(length)).with(32, guid)
    }

    static func free(_ object: UInt64, _ offset: UInt64, _ length: UInt64, _ guid: UInt64) -> Self {
        Self(4).with(0, object).with(8, offset).with(16, length).with(24, guid)
    }

    static func end(_ checksum: Fletcher4, _ guid: UInt64) -> Self {
        Self(RecordFields.endType).with(0, checksum.a).with(8, checksum.b).with(16, checksum.c).with(24, checksum.d)
            .with(32, guid)
    }
}
