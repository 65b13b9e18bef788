public import Failure

/// A file that cannot be had.
public struct DownloadError: CodedError {
    public enum Kind: Sendable, Hashable {
        /// What came, or would come, is not of one file, or not of the one that was expected: to start anew may help.
        case otherFile
        /// The server gives none, or has been away for too long: what has come is still good.
        case unavailable
        /// It is what the request says is known of it.
        case unchanged
    }

    public let kind: Kind
    public let failure: Failure

    init(
        _ kind: Kind, _ message: String, cause: (any Error)? = nil, hint: String? = nil, statusCode: Int? = nil
    ) {
        self.kind = kind
        failure = Failure(.downloadError, message, cause: cause, hint: hint, statusCode: statusCode)
    }
}
