/// Builds streams record by record, right or wrong, in either byte order.
struct StreamBuilder {
    let isLittleEndian: Bool
    /// Records carry the checksum of what comes before, or none (as of old senders).
    var hasChecksums = true
    private(set) var bytes: [UInt8] = []
    /// Where records begin.
    private(set) var starts: [Int] = []
    private var sums: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(isLittleEndian: Bool = true, hasChecksums: Bool = true) {
        self.isLittleEndian = isLittleEndian
        self.hasChecksums = hasChecksums
    }

    mutating func begin(_ begin: Begin, payload: [UInt8] = []) {
        var begin = begin
        begin.payloadLength = UInt32(payload.count)
        starts.append(bytes.count)
        sums = (0, 0, 0, 0)
        append(begin.bytes(isLittleEndian: isLittleEndian) + payload)
    }

    /// - Parameter fill: the fields from the ninth byte on.
    mutating func add(_ type: UInt32, payload: [UInt8] = [], _ fill: (inout Fields) -> Void) {
        starts.append(bytes.count)
        append(fields(type, 280, fill))
        append(checksum(hasChecksums))
        append(payload)
    }

    mutating func end(wrong: Bool = false) {
        let now = checksum(true)
        add(5) { $0.bytes += wrong ? now.map { $0 ^ 1 } : now }
    }

    /// The end of a frame around several streams, or of its head.
    mutating func bareEnd(checksum hasSum: Bool) {
        starts.append(bytes.count)
        let now = checksum(hasSum)
        bytes += fields(5, 312) { $0.bytes += now }
    }

    private func fields(_ type: UInt32, _ count: Int, _ fill: (inout Fields) -> Void) -> [UInt8] {
        var fields = Fields(isLittleEndian: isLittleEndian)
        fields.add(type, UInt32(0))
        fill(&fields)
        return fields.bytes + zeros(count - fields.bytes.count)
    }

    private func checksum(_ isThere: Bool) -> [UInt8] {
        var fields = Fields(isLittleEndian: isLittleEndian)
        if isThere { fields.add(sums.0, sums.1, sums.2, sums.3) }
        return isThere ? fields.bytes : zeros(32)
    }

    private mutating func append(_ more: [UInt8]) {
        bytes += more
        for place in stride(from: 0, to: more.count - more.count % 4, by: 4) {
            var number: UInt64 = 0
            for byte in 0..<4 {
                number |= UInt64(more[place + byte]) << UInt64(8 * (isLittleEndian ? byte : 3 - byte))
            }
            sums.0 &+= number
            sums.1 &+= sums.0
            sums.2 &+= sums.1
            sums.3 &+= sums.2
        }
    }
}

extension StreamBuilder {
    mutating func object(
        _ object: UInt64, type: UInt32, bonusType: UInt32 = 0, blockSize: UInt32 = 4096, bonus: [UInt8] = [],
        slots: UInt8 = 1, flags: UInt8 = 0, rawLength: UInt32 = 0
    ) {
        add(1, payload: bonus + zeros((8 - bonus.count % 8) % 8)) {
            $0.add(object)
            $0.add(type, bonusType, blockSize, UInt32(bonus.count))
            $0.add(UInt8(0), UInt8(0), slots, flags)
            $0.add(rawLength)
        }
    }

    mutating func write(
        _ object: UInt64, type: UInt32 = 19, at offset: UInt64, _ payload: [UInt8], length: UInt64? = nil,
        packing: UInt8 = 0
    ) {
        add(3, payload: payload) {
            $0.add(object)
            $0.add(type, UInt32(0))
            $0.add(offset, length ?? UInt64(payload.count), UInt64(1))
            $0.add(UInt8(0), UInt8(0), packing)
            $0.bytes += zeros(45)
            $0.add(packing == 0 ? UInt64(0) : UInt64(payload.count))
        }
    }

    mutating func free(_ object: UInt64, at offset: UInt64, length: UInt64) {
        add(4) { $0.add(object, offset, length, UInt64(1)) }
    }

    mutating func redact(_ object: UInt64, at offset: UInt64, length: UInt64) {
        add(10) { $0.add(object, offset, length, UInt64(1)) }
    }

    mutating func freeObjects(_ first: UInt64, _ count: UInt64) { add(2) { $0.add(first, count, UInt64(1)) } }

    mutating func spill(_ object: UInt64, _ payload: [UInt8], length: UInt64? = nil, packing: UInt8 = 0) {
        add(7, payload: payload) {
            $0.add(object, length ?? UInt64(payload.count), UInt64(1))
            $0.add(UInt8(0), packing)
            $0.bytes += zeros(6)
            $0.add(packing == 0 ? UInt64(0) : UInt64(payload.count))
        }
    }

    mutating func embedded(
        _ object: UInt64, at offset: UInt64, _ packed: [UInt8], length: UInt64, unpacked: UInt32, packing: UInt8,
        kind: UInt8 = 0
    ) {
        add(8, payload: packed + zeros((8 - packed.count % 8) % 8)) {
            $0.add(object, offset, length, UInt64(1))
            $0.add(packing, kind)
            $0.bytes += zeros(6)
            $0.add(unpacked, UInt32(packed.count))
        }
    }

    mutating func volumeSize(_ size: UInt64, type: UInt32 = 24) {
        var zap = Fields(isLittleEndian: isLittleEndian)
        zap.add(UInt64(1) << 63 + 3, UInt64(7), UInt64(0))
        zap.bytes += zeros(40)
        zap.add(size)
        write(2, type: type, at: 0, zap.bytes + zeros(6) + Array("size".utf8) + zeros(512 - 82))
    }
}

func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

/// Bytes that do not repeat soon, the same at each run.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}
