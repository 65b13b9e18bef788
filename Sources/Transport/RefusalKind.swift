public import Failure

/// What a server means by the status of an answer that is not what it was asked for (RFC 9110, section 15).
public enum RefusalKind: Sendable, Hashable {
    /// It wants to know who asks.
    case unauthorized
    /// It knows who asks, and he may not.
    case forbidden
    case notFound
    /// What is there is in the way.
    case conflict
    /// What is there is not what the request is for.
    case conditionFailed
    /// It understands what was sent, and takes none of it, or not now.
    case unprocessable
    /// It is away, says it itself or what stands before it.
    case away
    /// It cannot do what it is asked for, and that again changes nothing: 501, 505, 507 (no room), 511.
    case unable
    /// Another fault of the server's.
    case failing
    case other

    /// - Parameter status: of the answer.
    public init(status: Int) {
        self =
            switch status {
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 409: .conflict
            case 412: .conditionFailed
            case 422: .unprocessable
            case 502, 503, 504: .away
            case 501, 505, 507, 511: .unable
            case 500...: .failing
            default: .other
            }
    }

    /// It is about who asks, and not about what was asked for.
    public var isOfAccess: Bool { self == .unauthorized || self == .forbidden }
    /// The fault is the server's: the request may be in order.
    public var isOfServer: Bool { self == .away || self == .failing }
}

extension CodedError {
    /// What the server meant that refused; nil for an error that is no answer of a server.
    public var refusalKind: RefusalKind? { statusCode.map { RefusalKind(status: $0) } }
}
