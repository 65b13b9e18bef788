public import Failure

/// There is no answer to a request, or none any more.
public struct ConnectionError: CodedError {
    public enum Reason: Error, Sendable, Hashable, CustomStringConvertible {
        /// The server cannot be reached: asking again at once is no use.
        case unreachable(String)
        /// The connection was made and then lost, or nothing came any more.
        case lost(String)
        /// The server is there, but nothing came any more, or so little that it is as good as nothing.
        case stalled(String)
        /// What was to be done by a certain time was not.
        case late(String)
        /// Neither will a further try help: TLS, a bad URL, too many redirects.
        case refused(String)

        public var description: String {
            switch self {
            case .unreachable(let why), .lost(let why), .stalled(let why), .late(let why), .refused(let why): why
            }
        }
    }

    public let reason: Reason
    public let failure: Failure

    /// - Parameter message: what could not be done.
    public init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        failure = Failure(.connectionError, message, cause: reason, hint: hint)
    }

    /// Another try of the same request may succeed.
    public var isPassing: Bool {
        switch reason {
        case .lost, .stalled: true
        case .unreachable, .late, .refused: false
        }
    }

    /// So it looks while a server is being restarted that was there a moment ago.
    var isAway: Bool {
        switch reason {
        case .unreachable, .lost, .stalled: true
        case .late, .refused: false
        }
    }
}

/// An answer that is longer than it may be.
public struct AnswerTooLarge: CodedError {
    public let failure: Failure

    init(_ url: String, limit: Int) {
        failure = Failure(
            .sourceError, "the answer of \(url) is larger than \(limit) bytes")
    }
}
