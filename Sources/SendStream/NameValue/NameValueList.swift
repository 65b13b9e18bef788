/// A list of names and values, as ZFS sends properties (OpenZFS, nvpair.h).
public struct NameValueList: Sendable, Hashable {
    public struct Pair: Sendable, Hashable {
        /// As it stands: any bytes but NUL.
        public var name: [UInt8]
        public var value: Value
    }

    public enum Value: Sendable, Hashable {
        /// The name alone says it.
        case flag
        case boolean(Bool)
        case signed(Int64)
        case unsigned(UInt64)
        case double(UInt64)
        case text([UInt8])
        case bytes([UInt8])
        case list(NameValueList)
        case booleans([Bool])
        case signeds([Int64])
        case unsigneds([UInt64])
        case texts([[UInt8]])
        case lists([NameValueList])
    }

    public var pairs: [Pair] = []

    /// The value of a name; the first one, if there are several.
    public subscript(name: String) -> Value? { pairs.first { $0.name.elementsEqual(name.utf8) }?.value }

    init(pairs: [Pair] = []) { self.pairs = pairs }

    /// Lists in lists.
    static let mostNested = 32

    /// Reads a packed list, of either encoding and byte order.
    ///
    /// What it takes in memory is a small multiple of the bytes given, whatever they claim.
    ///
    /// - Throws: `badNameValueList`.
    init(packed bytes: RawSpan) throws(UnplacedStreamError) {
        let all = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        // Encoding, byte order of the host that packed, two bytes of nothing.
        guard all.count > 4, all[1] <= 1 else { throw UnplacedStreamError(.badNameValueList, "it has no head") }
        let rest: ArraySlice<UInt8>
        switch all[0] {
        case 0:
            var reader = NativeListReader(PackedBytes(all[4...], isLittleEndian: all[1] == 1))
            self = try reader.list(depth: 0)
            rest = reader.bytes.rest
        case 1:
            var reader = XDRListReader(PackedBytes(all[4...], isLittleEndian: false))
            self = try reader.list(depth: 0)
            rest = reader.bytes.rest
        case let other: throw UnplacedStreamError(.badNameValueList, "its encoding \(other) is unknown")
        }
        guard rest.allSatisfy({ $0 == 0 }) else {
            throw UnplacedStreamError(.badNameValueList, "something follows its end")
        }
    }

}

/// Types of values (`data_type_t`), as the two encodings share them.
enum PackedType {
    case flag, boolean, text, bytes, list, double, booleans, texts, lists
    case signed(bytes: Int)
    case unsigned(bytes: Int)
    case signeds(bytes: Int)
    case unsigneds(bytes: Int)

    init(_ number: UInt32) throws(UnplacedStreamError) {
        switch number {
        case 1: self = .flag
        case 2, 23: self = .unsigned(bytes: 1)
        case 3: self = .signed(bytes: 2)
        case 4: self = .unsigned(bytes: 2)
        case 5: self = .signed(bytes: 4)
        case 6: self = .unsigned(bytes: 4)
        case 7, 18: self = .signed(bytes: 8)
        case 8: self = .unsigned(bytes: 8)
        case 9: self = .text
        case 10: self = .bytes
        case 11: self = .signeds(bytes: 2)
        case 12: self = .unsigneds(bytes: 2)
        case 13: self = .signeds(bytes: 4)
        case 14: self = .unsigneds(bytes: 4)
        case 15: self = .signeds(bytes: 8)
        case 16: self = .unsigneds(bytes: 8)
        case 17: self = .texts
        case 19: self = .list
        case 20: self = .lists
        case 21: self = .boolean
        case 22: self = .signed(bytes: 1)
        case 24: self = .booleans
        case 25: self = .signeds(bytes: 1)
        case 26: self = .unsigneds(bytes: 1)
        case 27: self = .double
        default: throw UnplacedStreamError(.badNameValueList, "a value is of type \(number), which is unknown")
        }
    }
}

/// Packed bytes that are read from their beginning.
struct PackedBytes {
    private(set) var rest: ArraySlice<UInt8>
    let isLittleEndian: Bool

    init(_ bytes: ArraySlice<UInt8>, isLittleEndian: Bool) {
        rest = bytes
        self.isLittleEndian = isLittleEndian
    }

    var count: Int { rest.count }

    mutating func take(_ count: Int) throws(UnplacedStreamError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw UnplacedStreamError(.badNameValueList, "it ends too early") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(UnplacedStreamError) -> Number {
        try take(MemoryLayout<Number>.size).number(isLittleEndian: isLittleEndian)
    }

    /// A number that counts something.
    mutating func length() throws(UnplacedStreamError) -> Int {
        let number = try number(Int32.self)
        guard number >= 0 else { throw UnplacedStreamError(.badNameValueList, "it has a negative count") }
        return Int(number)
    }

    /// A number of so many bytes.
    mutating func unsigned(_ bytes: Int) throws(UnplacedStreamError) -> UInt64 {
        let taken = try take(bytes)
        return isLittleEndian
            ? taken.reversed().reduce(0) { $0 << 8 | UInt64($1) } : taken.reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func signed(_ bytes: Int) throws(UnplacedStreamError) -> Int64 {
        let unused = 64 - 8 * bytes
        return Int64(bitPattern: try unsigned(bytes) << UInt64(unused)) >> Int64(unused)
    }

    mutating func boolean() throws(UnplacedStreamError) -> Bool { try number(UInt32.self) != 0 }

    /// Several of the same.
    mutating func array<Element>(
        _ count: Int, of element: (inout Self) throws(UnplacedStreamError) -> Element
    ) throws(UnplacedStreamError) -> [Element] {
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try element(&self)) }
        return elements
    }
}
