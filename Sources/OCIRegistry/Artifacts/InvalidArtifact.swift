public import Failure

/// What is in a registry under a name is not the artifact that was looked for.
public struct InvalidArtifact: CodedError {
    public let failure: Failure

    public init(_ message: String, cause: (any Error)? = nil) {
        failure = Failure(.sourceError, message, cause: cause)
    }
}
