/// A `BEGIN` record, field by field.
struct Begin: Sendable {
    var version: UInt64 = 1
    var created: UInt64 = 0
    var kind: UInt32 = 2
    var flags: UInt32 = 0
    var guid: UInt64 = 1
    var origin: UInt64 = 0
    var name = Array("a/b@c".utf8)
    var payloadLength: UInt32 = 0

    func bytes(isLittleEndian: Bool = true) -> [UInt8] {
        var fields = Fields(isLittleEndian: isLittleEndian)
        fields.add(UInt32(0), payloadLength)
        fields.add(UInt64(0x2_f5ba_cbac), version, created)
        fields.add(kind, flags)
        fields.add(guid, origin)
        return fields.bytes + name + [UInt8](repeating: 0, count: 256 - name.count)
    }
}

/// Numbers one behind the other.
struct Fields {
    let isLittleEndian: Bool
    var bytes: [UInt8] = []

    init(isLittleEndian: Bool) { self.isLittleEndian = isLittleEndian }

    mutating func add<Number: FixedWidthInteger>(_ numbers: Number...) {
        for number in numbers {
            let little = (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
            bytes += isLittleEndian ? little : little.reversed()
        }
    }
}
