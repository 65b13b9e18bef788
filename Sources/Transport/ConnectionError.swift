public import Failure

/// Why there is no answer, or none any more.
public enum ConnectionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The server cannot be reached: asking again at once is no use.
    case unreachable(String)
    /// The connection was made and then lost, or nothing came any more.
    case lost(String)
    /// The server is there, but nothing came any more, or so little that it is as good as nothing.
    case stalled(String)
    /// Neither will a further try help: TLS, a bad URL, too many redirects.
    case refused(String)

    public var description: String {
        switch self {
        case .unreachable(let why), .lost(let why), .stalled(let why), .refused(let why): why
        }
    }

    /// Another try of the same request may succeed.
    public var isPassing: Bool {
        switch self {
        case .lost, .stalled: true
        case .unreachable, .refused: false
        }
    }
}

extension Failure {
    /// Why there is no answer to a request, if that is what went wrong.
    public var connection: ConnectionError? { cause as? ConnectionError }
}
