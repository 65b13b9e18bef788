/// Builds the stream of a file system object by object, right or wrong.
struct FileSystemBuilder {
    var stream: StreamBuilder
    private var isLittleEndian: Bool { stream.isLittleEndian }

    init(isLittleEndian: Bool = true, guid: UInt64 = 1, origin: UInt64 = 0, name: String = "a/b@c") {
        stream = StreamBuilder(isLittleEndian: isLittleEndian)
        stream.begin(Begin(kind: 2, guid: guid, origin: origin, name: Array(name.utf8)))
    }

    /// The whole stream, with a master node in front.
    static func stream(
        isLittleEndian: Bool = true, root: UInt64 = 2, version: UInt64 = 4, _ fill: (inout Self) -> Void
    ) -> [UInt8] {
        var builder = Self(isLittleEndian: isLittleEndian)
        builder.names(1, type: 21, [("VERSION", version), ("ROOT", root)])
        fill(&builder)
        builder.stream.end()
        return builder.stream.bytes
    }

    /// An object with names in its only block.
    mutating func names(_ object: UInt64, type: UInt32, bonus: [UInt8] = [], _ entries: [(String, UInt64)]) {
        stream.object(object, type: type, bonusType: bonus.isEmpty ? 0 : 17, blockSize: 512, bonus: bonus)
        self.entries(object, type: type, entries)
    }

    /// The names alone.
    mutating func entries(_ object: UInt64, type: UInt32, _ entries: [(String, UInt64)]) {
        var zap = Fields(isLittleEndian: isLittleEndian)
        zap.add(UInt64(1) << 63 + 3, UInt64(7), UInt64(0))
        zap.bytes += zeros(40)
        for (name, value) in entries {
            zap.add(value)
            zap.bytes += zeros(4)
            zap.bytes += zeros(2) + Array(name.utf8)
            zap.bytes += zeros((64 - zap.bytes.count % 64) % 64)
        }
        stream.write(object, type: type, at: 0, zap.bytes + zeros(512 - zap.bytes.count))
    }

    mutating func directory(_ object: UInt64, _ entries: [(String, UInt64)], attributes: UInt64 = 0) {
        names(object, type: 20, bonus: znode(mode: 0o040755, size: 2, attributes: attributes), entries)
    }

    mutating func file(
        _ object: UInt64, _ content: [UInt8] = [], mode: UInt64 = 0o100644, size: UInt64? = nil, attributes: UInt64 = 0,
        device: UInt64 = 0, nanoseconds: UInt64 = 5, behind: [UInt8] = []
    ) {
        let bonus = znode(
            mode: mode, size: size ?? UInt64(content.count), attributes: attributes, device: device,
            nanoseconds: nanoseconds)
        let blockSize = max(512, (content.count + 511) / 512 * 512)
        stream.object(object, type: 19, bonusType: 17, blockSize: UInt32(blockSize), bonus: bonus + behind)
        if !content.isEmpty { stream.write(object, at: 0, content + zeros(blockSize - content.count)) }
    }

    /// Attributes of version 5: mode, and, where there is a spill block, extended ones in there.
    mutating func systemAttributes(_ object: UInt64) {
        names(object, type: 45, [("REGISTRY", object + 1), ("LAYOUTS", object + 2)])
        names(object + 1, type: 46, [("ZPL_MODE", 8 << 24), ("ZPL_DXATTR", 1)])
        names(object + 2, type: 47, [("2", 0), ("3", 1)])
    }

    /// A block of them in the layout of that number.
    func attributes(_ layout: UInt16, _ value: [UInt8]) -> [UInt8] {
        var fields = Fields(isLittleEndian: isLittleEndian)
        fields.add(UInt32(0x2f_505a))
        fields.add(1 << 10 | layout, UInt16(value.count))
        return fields.bytes + value + zeros((8 - value.count % 8) % 8)
    }

    /// The same, of a mode alone.
    func mode(_ mode: UInt64) -> [UInt8] {
        var fields = Fields(isLittleEndian: isLittleEndian)
        fields.add(mode)
        return attributes(2, fields.bytes)
    }

    /// A directory whose names fill blocks: a header and one leaf.
    mutating func largeDirectory(
        _ object: UInt64, _ entries: [(String, UInt64)], stated: UInt64? = nil,
        spoiling spoil: (inout [UInt8]) -> Void = { _ in }
    ) {
        stream.object(
            object, type: 20, bonusType: 17, blockSize: 1024, bonus: znode(mode: 0o040700, size: UInt64(entries.count)))
        var header = Fields(isLittleEndian: isLittleEndian)
        header.add(UInt64(1) << 63 + 1, UInt64(0x2_f52a_b2ab))
        header.add(UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(2))
        header.add(UInt64(1), stated ?? UInt64(entries.count))
        stream.write(object, type: 20, at: 0, header.bytes + zeros(1024 - header.bytes.count))
        var leaf = Fields(isLittleEndian: isLittleEndian)
        leaf.add(UInt64(1) << 63, UInt64(0), UInt64(0))
        leaf.add(UInt32(0x2ab_1eaf))
        leaf.add(UInt16(0), UInt16(entries.count))
        leaf.bytes += zeros(48 + 1024 / 32 * 2 - leaf.bytes.count)
        var next = UInt16(entries.count)
        var arrays: [[UInt8]] = []
        func array(_ bytes: [UInt8]) -> UInt16 {
            let first = next
            for start in stride(from: 0, to: bytes.count, by: 21) {
                let piece = bytes[start..<min(start + 21, bytes.count)]
                next += 1
                var chunk = Fields(isLittleEndian: isLittleEndian)
                chunk.add(start + 21 < bytes.count ? next : 0xffff)
                arrays.append([251] + piece + zeros(21 - piece.count) + chunk.bytes)
            }
            return first
        }
        for (name, value) in entries {
            let nameChunk = array(Array(name.utf8) + [0])
            let valueChunk = array((0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) })
            leaf.bytes += [252, 8]
            leaf.add(UInt16(0xffff), nameChunk, UInt16(name.utf8.count + 1), valueChunk, UInt16(1), UInt16(0))
            leaf.bytes += zeros(2)
            leaf.add(UInt64(0))
        }
        for chunk in arrays { leaf.bytes += chunk }
        var block = leaf.bytes + zeros(1024 - leaf.bytes.count)
        spoil(&block)
        stream.write(object, type: 20, at: 1024, block)
    }

    private func znode(
        mode: UInt64, size: UInt64, attributes: UInt64 = 0, device: UInt64 = 0, nanoseconds: UInt64 = 5
    ) -> [UInt8] {
        var fields = Fields(isLittleEndian: isLittleEndian)
        fields.add(UInt64(0), UInt64(0), UInt64(1_000_000_000), nanoseconds, UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        fields.add(UInt64(4), mode, size, UInt64(2), UInt64(1), attributes, device, UInt64(4), UInt64(100), UInt64(200))
        return fields.bytes + zeros(264 - fields.bytes.count)
    }
}
