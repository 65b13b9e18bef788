/// An error of one module or one kind of work, of a type of its own, so that callers tell it from others by `catch`; what
/// people and programs are told of it is its `failure`.
///
/// Who acts on an error names its type. Who only passes on what went wrong, and adds to it, takes any of these.
public protocol CodedError: Error, CustomStringConvertible {
    /// The same for people, with its stable code.
    var failure: Failure { get }
}

extension CodedError {
    public var code: Failure.Code { failure.code }
    public var message: String { failure.message }
    public var cause: (any Error)? { failure.cause }
    public var hint: String? { failure.hint }
    public var statusCode: Int? { failure.statusCode }
    public var description: String { failure.description }
    public var fullDescription: String { failure.fullDescription }
}

extension Failure: CodedError {
    public var failure: Failure { self }
}
