/// A rule that a manifest breaks, in the form in which image servers report it.
public struct ManifestViolation: Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        case missingParameter = "MissingParameter"
        case invalid = "Invalid"
    }

    /// The field, or a dotted path into it (`files.0.sha1`).
    public let field: String
    public let code: Code
    /// What is wrong with it, for people.
    public let message: String?

    public init(field: String, code: Code, message: String? = nil) {
        self.field = field
        self.code = code
        self.message = message
    }

    /// `name (MissingParameter)`, or `type (what is wrong)` where there is a message.
    public var description: String { "\(field) (\(message ?? code.rawValue))" }
}
