public import JSON

/// The name of a field as columns, sort keys and filters give it: a field of the manifest, a dotted
/// path into one (`requirements.brand`, `files.0.sha1`), or a computed one (cli.md §2).
public struct FieldPath: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// As it was given.
    public let text: String
    /// What stands between its dots.
    let parts: [String]

    public init(_ text: String) {
        self.text = text
        parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    public init(stringLiteral text: String) { self.init(text) }

    public var description: String { text }

    /// The paths of a comma-separated list.
    public static func list(_ text: String) -> [FieldPath] {
        text.split(separator: ",").map { FieldPath(String($0)) }
    }

    /// The value there; nil if there is none. Keys may have dots in them (`min_platform.7.0`): of those
    /// that fit, the longest wins.
    public func find<Value: JSONReadable>(in value: Value) -> Value? {
        Self.find(parts[...], in: value)
    }

    static func find<Value: JSONReadable>(_ parts: ArraySlice<String>, in value: Value) -> Value? {
        guard let first = parts.first else { return value }
        switch value.kind {
        case .array:
            guard let index = Int(first), String(index) == first, let element = value[index] else { return nil }
            return find(parts.dropFirst(), in: element)
        case .object:
            let ways = ways(parts)
            let members = value.members(JSONKeys(ways.map(\.key)))
            for (way, member) in zip(ways, members) {
                if let member { return find(way.rest, in: member) }
            }
            return nil
        default: return nil
        }
    }

    /// The ways to read parts as a key and a path below it, the longest key first.
    static func ways(_ parts: ArraySlice<String>) -> [(key: String, rest: ArraySlice<String>)] {
        parts.indices.reversed().map { last in
            (parts[...last].joined(separator: "."), parts[(last + 1)...])
        }
    }
}

extension JSONValue {
    /// How a table shows it and a filter sees it: a string as it is, numbers and booleans as they are
    /// written, arrays and objects as compact JSON. Nil for `null`, which counts as missing.
    public var fieldText: String? {
        switch self {
        case .null: nil
        case .string(let text): text
        case .number(let number): number.int.map(String.init) ?? number.text
        default: text()
        }
    }
}
