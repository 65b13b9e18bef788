public import Failure

/// A file that is not the image file that it should be.
public struct ImageFileError: CodedError {
    public let failure: Failure

    public init(_ message: String, cause: (any Error)? = nil) {
        failure = Failure(.downloadError, message, cause: cause)
    }
}
