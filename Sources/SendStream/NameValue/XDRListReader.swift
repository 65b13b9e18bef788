/// Reads lists in XDR (RFC 4506; OpenZFS, nvpair.c, `nvs_xdr_*`): big-endian, nothing smaller than four bytes.
struct XDRListReader {
    private(set) var bytes: PackedBytes

    init(_ bytes: PackedBytes) { self.bytes = bytes }

    mutating func list(depth: Int) throws(UnplacedStreamError) -> NameValueList {
        guard depth < NameValueList.mostNested else {
            throw UnplacedStreamError(.badNameValueList, "it is nested too deeply")
        }
        // Version and flags.
        guard try bytes.number(Int32.self) == 0 else {
            throw UnplacedStreamError(.badNameValueList, "its version is unknown")
        }
        _ = try bytes.take(4)
        var list = NameValueList()
        while true {
            let before = bytes.count
            // Bytes of the pair as packed, and in the memory of a 64-bit host; of nothing, both are 0.
            let size = try bytes.length()
            _ = try bytes.take(4)
            guard size > 0 else { return list }
            let name = try text()
            let type = try PackedType(bytes.number(UInt32.self))
            let count = try bytes.length()
            list.pairs.append(NameValueList.Pair(name: name, value: try value(type, count, depth: depth)))
            guard before - bytes.count == size else {
                throw UnplacedStreamError(.badNameValueList, "a value has another size than it says")
            }
        }
    }

    private mutating func value(
        _ type: PackedType, _ count: Int, depth: Int
    ) throws(UnplacedStreamError) -> NameValueList.Value {
        switch type {
        case .flag: return .flag
        case .boolean: return .boolean(try bytes.boolean())
        case .double: return .double(try bytes.unsigned(8))
        case .signed(let width): return .signed(try bytes.signed(max(width, 4)))
        case .unsigned(let width): return .unsigned(try bytes.unsigned(max(width, 4)))
        case .text: return .text(try text())
        case .bytes: return .bytes(try opaque(count))
        case .list: return .list(try list(depth: depth + 1))
        case .booleans:
            try checkLength(count)
            return .booleans(try bytes.array(count) { bytes throws(UnplacedStreamError) in try bytes.boolean() })
        case .signeds(let width):
            try checkLength(count)
            return .signeds(
                try bytes.array(count) { bytes throws(UnplacedStreamError) in try bytes.signed(max(width, 4)) })
        case .unsigneds(let width):
            try checkLength(count)
            return .unsigneds(
                try bytes.array(count) { bytes throws(UnplacedStreamError) in try bytes.unsigned(max(width, 4)) })
        case .texts:
            var texts: [[UInt8]] = []
            for _ in 0..<count { texts.append(try text()) }
            return .texts(texts)
        case .lists:
            var lists: [NameValueList] = []
            for _ in 0..<count { lists.append(try list(depth: depth + 1)) }
            return .lists(lists)
        }
    }

    /// Arrays of numbers say their length once more.
    private mutating func checkLength(_ count: Int) throws(UnplacedStreamError) {
        guard try bytes.length() == count else {
            throw UnplacedStreamError(.badNameValueList, "an array has two lengths")
        }
    }

    private mutating func text() throws(UnplacedStreamError) -> [UInt8] {
        let text = try opaque(try bytes.length())
        guard !text.contains(0) else { throw UnplacedStreamError(.badNameValueList, "a text has a NUL") }
        return text
    }

    private mutating func opaque(_ count: Int) throws(UnplacedStreamError) -> [UInt8] {
        let content = try bytes.take(count)
        _ = try bytes.take((4 - count % 4) % 4)
        return Array(content)
    }
}
