public import Failure

/// The VM manager knows no VM of that UUID.
public struct NoSuchMachine: CodedError {
    public let failure: Failure

    init(_ message: String, hint: String) { failure = Failure(.vmNotFound, message, hint: hint) }
}
