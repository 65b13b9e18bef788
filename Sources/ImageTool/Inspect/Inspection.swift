public import Failure
public import JSON

/// What was found out of an image file, for programs and for people: the names of the fields are stable (imgadm.8, inspect).
public struct Inspection: Sendable {
    public internal(set) var facts: JSONObject = [:]
    /// Where it is damaged, or what it is otherwise than the manifest beside it says; nil: nothing was found.
    public internal(set) var damage: Failure?
    /// What may be wrong with it, for people; programs find it among the facts.
    public internal(set) var remarks: [String] = []

    /// The facts as rows of a table, what is nested by names with points.
    public var rows: [(name: String, value: String)] { Self.rows(of: .object(facts), "") }

    private static func rows(of value: JSONValue, _ name: String) -> [(name: String, value: String)] {
        switch value {
        case .object(let object):
            object.flatMap { rows(of: $0.value, name.isEmpty ? $0.key : "\(name).\($0.key)") }
        case .array(let values) where values.contains { $0.objectValue != nil }:
            values.enumerated().flatMap { rows(of: $0.element, "\(name).\($0.offset + 1)") }
        case .array(let values): values.isEmpty ? [] : [(name, values.map(text).joined(separator: ", "))]
        default: [(name, text(value))]
        }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "yes" : "no"
        case .null: "-"
        default: value.text()
        }
    }
}

extension JSONValue {
    static func bytes(_ count: UInt64) -> JSONValue { .number(JSONNumber(count)) }
}
