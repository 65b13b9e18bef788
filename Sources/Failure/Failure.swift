/// What went wrong, told once and for good: a stable code for programs, a message for people,
/// the cause below it, and what to do about it if we know.
///
/// Every error that a module hands to the module above is a `Failure`, another ``CodedError`` where somebody acts on what it
/// is, or `CancellationError`; the command line turns it into text and exit status in one place (cli.md §1).
public struct Failure: Error, Sendable {
    /// The stable code, shown in brackets in the message and as `err.code` with `-E`.
    public let code: Code
    /// What was being done, with the values.
    public let message: String
    /// What made it fail.
    public let cause: (any Error)?
    /// What the user can do about it; of several errors, one each.
    public let hints: [String]
    /// The HTTP status a server answered with, where there is one.
    public let statusCode: Int?
    /// Of several errors, the exit status that each of them has alone.
    var sharedStatus: Int32?

    public init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, hint: String? = nil, statusCode: Int? = nil
    ) {
        self.init(code, message, cause: cause, hints: hint.map { [$0] } ?? [], statusCode: statusCode)
    }

    public init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, hints: [String], statusCode: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.hints = hints
        self.statusCode = statusCode
    }
}

extension Failure: CustomStringConvertible {
    /// The message followed by the messages of its causes, in one line where they are.
    public var description: String {
        var text = message
        if let cause {
            let below = String(describing: cause)
            if !below.isEmpty && !text.contains(below) { text += ": \(below)" }
        }
        return text
    }

    /// `description`, and the hint behind it.
    public var fullDescription: String {
        hints.isEmpty ? description : "\(description) (\(hints.joined(separator: "; ")))"
    }

    /// The hints as one text, a line each; nil if there is none.
    public var hint: String? { hints.isEmpty ? nil : hints.joined(separator: "\n") }
}
