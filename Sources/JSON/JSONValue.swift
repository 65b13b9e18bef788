/// Any JSON value (RFC 8259), with what a round trip must keep: the order of an object's
/// members and the literal text of numbers.
///
/// Two values are equal if they mean the same to a reader of JSON text: the order of
/// members does not count, the spelling of a number does.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The kind of value this is.
    public var kind: JSONKind {
        switch self {
        case .null: .null
        case .bool: .bool
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }
}

/// The six kinds of JSON value.
public enum JSONKind: String, Sendable, Hashable, CaseIterable {
    case null, bool, number, string, array, object
}

extension JSONValue {
    /// The text of a string; nil for every other kind.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// `true` or `false`; nil for every other kind, also for the strings "true" and "false".
    public var boolValue: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// A number that is a whole one and fits an `Int`, however it is spelled (`1e3` is 1000).
    public var intValue: Int? {
        if case .number(let number) = self { number.int } else { nil }
    }

    /// A number as the nearest `Double`.
    public var doubleValue: Double? {
        if case .number(let number) = self { number.double } else { nil }
    }

    /// The elements of an array; nil for every other kind.
    public var arrayValue: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members of an object; nil for every other kind.
    public var objectValue: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The member of that name; nil where this is no object or has no such member.
    public subscript(key: String) -> JSONValue? { objectValue?[key] }

    /// The element at that place; nil where this is no array or has no such place.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

// No literal nil for `null`: in `condition ? nil : value` it would silently mean `.null` where none was meant.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    /// A number that JSON cannot say (infinity) becomes `null`, as in JavaScript.
    public init(floatLiteral value: Double) { self = JSONNumber(value).map(JSONValue.number) ?? .null }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// A key named twice: the last value counts.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(JSONObject(members.map { (key: $0.0, value: $0.1) }))
    }
}
