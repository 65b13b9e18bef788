public import Failure
public import JSON

/// A condition on a field, as given on the command line: `FIELD=VALUE` or `FIELD=~TEXT` (cli.md §2).
public struct FieldFilter: Sendable, Hashable {
    public enum Condition: Sendable, Hashable {
        /// The value's text is this one; `true` and `false` match booleans by that.
        case equals(String)
        /// One of the value's elements is this one: a docker reference in the form of ``DockerReference/localDescription``.
        case has(String)
        /// The value is a UUID with these first digits.
        case begins(UUIDBeginning)
        /// The value's text contains this one; of an array, that of any element.
        case contains(String)
    }

    public let path: FieldPath
    public let condition: Condition

    // In quotes: shells replace a ~ behind a =.
    private static func hint(for argument: String) -> String? {
        guard !argument.contains("=") else { return nil }
        let parts = argument.split(separator: "~", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return "'name=~\(argument)' is what has that in its name" }
        return "'\(parts[0])=~\(parts[1])' is what has that in its \(parts[0])"
    }

    /// - Throws: `Usage` if there is no `=` with a field before it.
    public init(_ argument: String) throws(Failure) {
        guard let sign = argument.firstIndex(of: "="), sign != argument.startIndex else {
            throw Failure(
                .usage, "invalid filter: \"\(argument)\" (must be of the form \"field=value\")",
                hint: FieldFilter.hint(for: argument))
        }
        let field = String(argument[..<sign])
        guard !field.hasSuffix("~") else {
            throw Failure(
                .usage, "invalid filter: \"\(argument)\" (must be of the form \"field=~text\")",
                hint: "'\(field.dropLast())=~\(argument[argument.index(after: sign)...])'")
        }
        let value = String(argument[argument.index(after: sign)...])
        guard value.first != "~" else {
            path = FieldPath(field)
            let text = String(value.dropFirst())
            condition = .contains(Self.identities.contains(field) ? text.lowercased() : text)
            return
        }
        // What is no reference is none of an image.
        if field == ComputedField.reference.rawValue, let reference = try? DockerReference(value) {
            // An image that has tags has digests all the same.
            path = FieldPath((reference.digest == nil ? ComputedField.reference : .dockerDigests).rawValue)
            condition = .has(reference.localDescription)
            return
        }
        path = FieldPath(field)
        guard Self.identities.contains(field) else {
            condition = .equals(value)
            return
        }
        // As people paste it; manifests have one spelling.
        if let uuid = ImageUUID(typed: value) {
            condition = .equals(uuid.description)
        } else if let beginning = UUIDBeginning(typed: value, atLeast: UUIDBeginning.least) {
            // As narrow tables print it.
            condition = .begins(beginning)
        } else {
            condition = .equals(value)
        }
    }

    /// What docker calls an image is a name of it, too, and so is what a server of simplestreams calls it.
    var isOfName: Bool { path.text == "name" }

    /// Fields whose values are UUIDs.
    private static let identities: Set = ["uuid", "origin", "owner"]

    /// Whether one of the names that servers of simplestreams have for an image meets the condition.
    func matches(_ aliases: StreamsAliases) -> Bool {
        switch condition {
        case .equals(let wanted): aliases.has(wanted)
        case .has, .begins: false
        case .contains(let wanted): aliases.names.contains { $0.hasBytes(wanted.lowercased()) }
        }
    }

    /// Whether a field's value meets the condition. One that is missing never does.
    public func matches(_ value: JSONValue?) -> Bool {
        guard let value, let text = value.fieldText else { return false }
        switch condition {
        case .equals(let wanted): return text == wanted
        case .begins(let beginning): return ImageUUID(text).map(beginning.fits) ?? false
        case .has(let wanted): return value.arrayValue?.contains(.string(wanted)) ?? false
        case .contains(let wanted):
            guard let elements = value.arrayValue else { return text.hasBytes(wanted) }
            return elements.contains { $0.fieldText?.hasBytes(wanted) ?? false }
        }
    }
}

extension String {
    /// Whether the other text's bytes stand somewhere in this one's.
    fileprivate func hasBytes(_ other: String) -> Bool {
        let bytes = Array(utf8)
        let wanted = Array(other.utf8)
        guard let first = wanted.first else { return true }
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { start in
            bytes[start] == first && bytes[start...].starts(with: wanted)
        }
    }
}
