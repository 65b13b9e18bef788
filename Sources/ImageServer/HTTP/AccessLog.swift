import Failure
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization
import Transport

/// Who makes a request, as far as that is known, and by which identifier it is found again.
struct RequestCaller: Sendable {
    let id: String
    /// Whence the connection comes: of a proxy, if there is one.
    let address: IPAddress?
    /// Whom a proxy that is trusted names.
    let forwardedFor: IPAddress?
    /// Who has shown who he is.
    var user: String?

    init(_ request: Request, _ address: SocketAddress?, _ proxies: TrustedProxies) {
        id = request.requestID
        self.address = address?.ipAddress.flatMap { IPAddress($0) }
        forwardedFor = proxies.client(behind: self.address, forwarded: request.headers[.forwardedFor])
    }

    var addressText: String { address?.plainText ?? "-" }
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
        let (logger, status, method) = (logger, Int(response.status.code), request.method.rawValue)
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
                "address": "\(caller.addressText)", "method": "\(method)", "url": "\(AccessLog.shown(target))",
                "status": .stringConvertible(status), "bytes": .stringConvertible(counter.total),
                "request_id": "\(caller.id)",
                "ms": .stringConvertible(AccessLog.milliseconds(start.duration(to: .now))),
            ]
            if let user = caller.user { fields["user"] = "\(user)" }
            if let client = caller.forwardedFor { fields["forwarded_for"] = "\(client.plainText)" }
            logger.info(failure == nil ? "request" : "request, whose answer broke off", metadata: fields)
            if let failure { throw failure }
        }
        return noted
    }

    /// What was asked for, without the credentials that somebody has put into the URL of a source, or anywhere else.
    private static func shown(_ target: String) -> String {
        // An at sign may be escaped, and so may what it is escaped with.
        guard target.utf8.contains(where: { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "%") }) else { return target }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves.dropFirst().flatMap { $0.split(separator: "&", omittingEmptySubsequences: false) }.map {
            part in
            let value = part.firstIndex(of: "=").map { part[$0...].dropFirst() } ?? part
            return part[..<value.startIndex] + hidden(value)
        }
        return hidden(halves[0], isPath: true) + (halves.count > 1 ? "?" + parts.joined(separator: "&") : "")
    }

    /// A part of it. Whatever it means, `USER:PASSWORD@` is said nowhere.
    private static func hidden(_ part: Substring, isPath: Bool = false) -> String {
        let text = URLEncoding.decoded(part, plusIsBlank: !isPath)
        let isURL = text.contains("://")
        guard isURL || text.prefix(while: { $0 != "@" }).contains(":") else { return String(part) }
        // In a path, it begins with the component that has the colon.
        let start = isURL || !isPath ? nil : text.firstIndex(of: ":").flatMap { text[..<$0].lastIndex(of: "/") }
        let kept = start.map { text[...$0] } ?? text[..<text.startIndex]
        let shown = String(kept) + URLCredentials.hidden(in: String(text[kept.endIndex...]))
        if shown == text { return String(part) }
        return isPath
            ? shown.split(separator: "/", omittingEmptySubsequences: false).map { URLEncoding.component(String($0)) }
                .joined(separator: "/") : URLEncoding.component(shown)
    }

    private static func milliseconds(_ time: Duration) -> Int {
        Int(time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000)
    }
}

/// How much of an answer has gone.
private final class SentBytes: Sendable {
    private let count = Atomic<Int>(0)

    func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }
    var total: Int { count.load(ordering: .relaxed) }
}
