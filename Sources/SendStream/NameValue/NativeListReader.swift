/// Reads lists in the native encoding: C structures with their pointers set to zero, padded to 8 bytes (OpenZFS, nvpair.c,
/// `nvs_native_*`).
struct NativeListReader {
    private(set) var bytes: PackedBytes

    init(_ bytes: PackedBytes) { self.bytes = bytes }

    mutating func list(depth: Int) throws(UnplacedStreamError) -> NameValueList {
        guard depth < NameValueList.mostNested else {
            throw UnplacedStreamError(.badNameValueList, "it is nested too deeply")
        }
        // Version and flags; those of a list in a list stand in its pair.
        if depth == 0 {
            guard try bytes.number(Int32.self) == 0 else {
                throw UnplacedStreamError(.badNameValueList, "its version is unknown")
            }
            _ = try bytes.take(4)
        }
        var list = NameValueList()
        while true {
            let size = try bytes.length()
            guard size > 0 else { return list }
            list.pairs.append(try pair(size, depth: depth))
        }
    }

    /// Size, length of the name, two bytes of nothing, count, type; then name and value. Lists follow behind the pair.
    private mutating func pair(_ size: Int, depth: Int) throws(UnplacedStreamError) -> NameValueList.Pair {
        var pair = PackedBytes(try bytes.take(size - 4), isLittleEndian: bytes.isLittleEndian)
        let nameLength = Int(try pair.number(UInt16.self))
        _ = try pair.take(2)
        let count = try pair.length()
        let type = try PackedType(pair.number(UInt32.self))
        let name = try pair.take(nameLength)
        _ = try pair.take((8 - nameLength % 8) % 8)
        guard name.last == 0, !name.dropLast().contains(0) else {
            throw UnplacedStreamError(.badNameValueList, "a name does not end")
        }
        let value = try value(type, count, &pair, depth: depth)
        return NameValueList.Pair(name: Array(name.dropLast()), value: value)
    }

    private mutating func value(
        _ type: PackedType, _ count: Int, _ pair: inout PackedBytes, depth: Int
    ) throws(UnplacedStreamError) -> NameValueList.Value {
        switch type {
        case .flag: return .flag
        case .boolean: return .boolean(try pair.boolean())
        case .double: return .double(try pair.unsigned(8))
        case .signed(let width): return .signed(try pair.signed(width))
        case .unsigned(let width): return .unsigned(try pair.unsigned(width))
        case .text: return .text(try Self.text(&pair))
        case .bytes: return .bytes(Array(try pair.take(count)))
        case .list: return .list(try list(depth: depth + 1))
        case .booleans:
            return .booleans(try pair.array(count) { bytes throws(UnplacedStreamError) in try bytes.boolean() })
        case .signeds(let width):
            return .signeds(try pair.array(count) { bytes throws(UnplacedStreamError) in try bytes.signed(width) })
        case .unsigneds(let width):
            return .unsigneds(try pair.array(count) { bytes throws(UnplacedStreamError) in try bytes.unsigned(width) })
        // Texts and lists have a pointer each, in front.
        case .texts:
            _ = try pair.take(count * 8)
            return .texts(try pair.array(count) { bytes throws(UnplacedStreamError) in try Self.text(&bytes) })
        case .lists:
            _ = try pair.take(count * 8)
            var lists: [NameValueList] = []
            for _ in 0..<count { lists.append(try list(depth: depth + 1)) }
            return .lists(lists)
        }
    }

    private static func text(_ bytes: inout PackedBytes) throws(UnplacedStreamError) -> [UInt8] {
        let text = bytes.rest.prefix { $0 != 0 }
        _ = try bytes.take(text.count + 1)
        return Array(text)
    }
}
