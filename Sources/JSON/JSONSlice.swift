/// A value in a ``JSONDocument``: a place in its text, cheap to copy. Holding one holds the whole text.
public struct JSONSlice: Sendable {
    let text: JSONText
    private let position: UInt32
    private let container: UInt32

    init(_ text: JSONText, _ reader: JSONReader) {
        self.text = text
        position = UInt32(truncatingIfNeeded: reader.position)
        container = UInt32(truncatingIfNeeded: reader.container)
    }

    var reader: JSONReader { JSONReader(position: Int(position), container: Int(container)) }

    /// The kind of value this is.
    public var kind: JSONKind {
        switch text.bytes[Int(position)] {
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// The value as a tree.
    public var value: JSONValue {
        var reader = reader
        let (bytes, containers) = (text.bytes, text.containers)
        return reader.value(bytes.span, containers.span)
    }

    /// The text of a string, its escapes resolved; nil for every other kind.
    public var stringValue: String? {
        guard kind == .string else { return nil }
        var reader = reader
        let bytes = text.bytes
        return reader.string(bytes.span)
    }

    /// `true` or `false`; nil for every other kind.
    public var boolValue: Bool? { kind == .bool ? text.bytes[Int(position)] == UInt8(ascii: "t") : nil }

    /// A number as it is spelled; nil for every other kind.
    public var numberValue: JSONNumber? { if kind == .number, case .number(let number) = value { number } else { nil } }

    /// A number that is a whole one and fits an `Int`.
    public var intValue: Int? { numberValue?.int }

    /// A number as the nearest `Double`.
    public var doubleValue: Double? { numberValue?.double }

    /// Whether this is `null`.
    public var isNull: Bool { kind == .null }
}

// MARK: - Arrays and objects

extension JSONSlice {
    /// The elements of an array; nil for every other kind.
    public var arrayValue: [JSONSlice]? {
        guard kind == .array else { return nil }
        let (source, ends) = (text.bytes, text.containers)
        let (bytes, containers) = (source.span, ends.span)
        var elements: [JSONSlice] = []
        var reader = reader
        var hasMore = reader.enter(bytes)
        while hasMore {
            elements.append(JSONSlice(text, reader))
            reader.skipValue(bytes, containers)
            hasMore = reader.advance(bytes)
        }
        return elements
    }

    /// Several members of an object in one pass, in the order of the keys asked for; nil for a key that is
    /// not there, and for all if this is no object. Of a key that comes twice the last value counts.
    public func members(_ keys: JSONKeys) -> [JSONSlice?] {
        var found = [JSONSlice?](repeating: nil, count: keys.count)
        guard kind == .object else { return found }
        let (source, ends) = (text.bytes, text.containers)
        let (bytes, containers) = (source.span, ends.span)
        var reader = reader
        var hasMore = reader.enter(bytes)
        while hasMore {
            let start = reader
            let hasEscapes = reader.skipString(bytes)
            let end = reader.position
            reader.skipColon(bytes)
            if hasEscapes {
                var key = start
                keys.match(key.string(bytes)) { found[$0] = JSONSlice(text, reader) }
            } else {
                keys.match(bytes, start.position &+ 1..<end &- 1) { found[$0] = JSONSlice(text, reader) }
            }
            reader.skipValue(bytes, containers)
            hasMore = reader.advance(bytes)
        }
        return found
    }

    /// Goes through the members of an object in their order, one whose key comes twice as often; through nothing if this is
    /// no object.
    public func forEachMember<Fault>(_ body: (String, JSONSlice) throws(Fault) -> Void) throws(Fault) {
        guard kind == .object else { return }
        let (source, ends) = (text.bytes, text.containers)
        let (bytes, containers) = (source.span, ends.span)
        var reader = reader
        var hasMore = reader.enter(bytes)
        while hasMore {
            let key = reader.string(bytes)
            reader.skipColon(bytes)
            try body(key, JSONSlice(text, reader))
            reader.skipValue(bytes, containers)
            hasMore = reader.advance(bytes)
        }
    }

    /// The member of that name; nil where this is no object or has no such member.
    public subscript(key: String) -> JSONSlice? { members(JSONKeys([key]))[0] }

    /// The element at that place; nil where this is no array or has no such place.
    public subscript(index: Int) -> JSONSlice? {
        guard let elements = arrayValue, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}
