import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// Who makes a request, as far as that is known, and by which identifier it is found again.
struct RequestCaller: Sendable {
    let id: String
    let address: SocketAddress?
    /// Who has shown who he is.
    var user: String?

    var addressText: String { address?.ipAddress ?? "-" }
}

/// A record for each request, at level info, once its answer has gone or its client has: who, what, status, bytes, time. The log escapes what comes
/// from outside.
struct AccessLog {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    /// The answer, of which a record is made when it is sent.
    func noting(
        _ response: Response, to request: Request, target: String, _ caller: RequestCaller,
        since start: ContinuousClock.Instant
    ) -> Response {
        guard logger.logLevel <= .info else { return response }
        let (logger, status, method) = (logger, response.status.code, request.method.rawValue)
        let forwarded = request.headers[.forwardedFor].map { String($0.prefix(200)) }
        let body = response.body
        let counter = SentBytes()
        var noted = response
        noted.body = ResponseBody(contentLength: body.contentLength) { writer in
            var failure: (any Error)?
            do {
                try await body.map { piece in
                    counter.add(piece.readableBytes)
                    return piece
                }.write(writer)
            } catch {
                failure = error
            }
            var fields: Logger.Metadata = [
                "address": "\(caller.addressText)", "method": "\(method)", "url": "\(target)", "status": "\(status)",
                "bytes": "\(counter.total)", "request_id": "\(caller.id)",
                "ms": "\(AccessLog.milliseconds(start.duration(to: .now)))",
            ]
            if let user = caller.user { fields["user"] = "\(user)" }
            // What a client, or the proxy before it, says of where it comes from proves nothing.
            if let forwarded { fields["forwarded_for"] = "\(forwarded)" }
            logger.info(failure == nil ? "request" : "request, whose answer broke off", metadata: fields)
            if let failure { throw failure }
        }
        return noted
    }

    private static func milliseconds(_ time: Duration) -> Int64 {
        time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
    }
}

/// How much of an answer has gone.
private final class SentBytes: Sendable {
    private let count = Atomic<Int>(0)

    func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }
    var total: Int { count.load(ordering: .relaxed) }
}
