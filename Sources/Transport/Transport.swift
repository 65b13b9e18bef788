public import Failure
public import Logging
import NIOCore
import Time

/// HTTP as the rest of the house uses it: small answers as a whole, large ones as a resumable download; both tried
/// again where that can help.
public struct Transport: Sendable {
    public let settings: TransportSettings
    public let sender: any HTTPSender
    let log: Logger

    public init(sender: any HTTPSender, settings: TransportSettings, log: Logger) {
        self.sender = sender
        self.settings = settings
        self.log = log
    }

    /// The answer to a request, its body read whole. A passing trouble (a lost connection, 429, 5xx) is tried again a few
    /// times; a server that cannot be reached or does not answer is not, so that it costs its time-out once.
    ///
    /// - Parameters:
    ///   - limit: the most bytes the body may have.
    ///   - deadline: how long a try may take as a whole.
    ///   - patience: for how long a server that was there a moment ago may be away, or too busy: what was begun is worth waiting
    ///     for. What it calls an error of its own (500) is tried a few times all the same.
    /// - Throws: `ConnectionError`; `SourceError` for a body over the limit.
    public func reply(
        to request: HTTPRequest, limit: Int, deadline: Duration? = nil, patience: Duration = .zero
    ) async throws -> HTTPReply {
        let longestWait = patience > .zero ? settings.longestRetryAfter : NetworkLimits.retryAfter
        return try await settings.backoff(tries: NetworkLimits.tries, patience: patience)(
            by: settings.clock, again: { note("tried again", request, Transport.reason($0)) }
        ) { tries in
            do {
                let reply = try await wholeReply(to: request, limit: limit, deadline: deadline)
                let wait = RetryAfter.read(reply.headers, now: .now())
                guard Transport.isPassing(status: reply.status), wait ?? .zero <= longestWait,
                    reply.status != 500 || tries.failures + 1 < NetworkLimits.tries
                else { return .done(reply) }
                return .passing(.success(reply), after: wait)
            } catch let error as ConnectionError {
                if case .lost = error.reason { return .passing(.failure(error)) }
                guard patience > .zero, error.isAway else { throw error }
                return .passing(.failure(error))
            }
        }
    }

    private static func reason(_ result: Result<HTTPReply, any Error>) -> String {
        switch result {
        case .success(let reply): "status \(reply.status)"
        case .failure(let error): "\(error)"
        }
    }

    /// A status that may be another one a moment later.
    public static func isPassing(status: Int) -> Bool {
        [408, 429, 500, 502, 503, 504].contains(status)
    }

    /// The answer to a request that changes something: it is sent once, for nobody knows what one did whose answer was
    /// lost.
    ///
    /// - Parameter deadline: how long it may take as a whole; as long as it gets on if nil.
    /// - Throws: `ConnectionError`; `SourceError` for a body over the limit.
    public func replyOnce(to request: HTTPRequest, limit: Int, deadline: Duration?) async throws -> HTTPReply {
        try await wholeReply(to: request, limit: limit, deadline: deadline ?? .seconds(10 * 86400))
    }

    private func wholeReply(to request: HTTPRequest, limit: Int, deadline: Duration? = nil) async throws -> HTTPReply {
        try await withDeadline(deadline ?? settings.replyTimeout, "request to \(request.shownURL)") {
            let start = ContinuousClock.now
            let response = try await sender.send(request)
            var body: [UInt8] = []
            if let length = response.headers.contentLength, length > 0, length <= limit {
                body.reserveCapacity(Int(length))
            }
            for try await chunk in response.body {
                body.append(contentsOf: chunk.readableBytesView)
                guard body.count <= limit else {
                    throw AnswerTooLarge(request.shownURL, limit: limit)
                }
            }
            log.trace(
                "request",
                metadata: [
                    "method": "\(request.method)", "url": "\(request.shownURL)", "status": "\(response.status)",
                    "bytes": "\(body.count)", "elapsed": "\(start.duration(to: .now))",
                ])
            return HTTPReply(status: response.status, headers: response.headers, body: body, secrets: response.secrets)
        }
    }

    /// Asks again for as long as a server may be away that was there a moment ago (`TransportSettings.patience`).
    ///
    /// - Throws: what the last try threw.
    public func outlasting<Value>(_ ask: () async throws -> Value) async throws -> Value {
        try await settings.backoff(tries: 1, patience: settings.patience)(by: settings.clock) { tries in
            do {
                return .done(try await ask())
            } catch let error where Transport.isAway(error) {
                log.info("the server is away", metadata: ["reason": "\(error)", "for": "\(tries.elapsed)"])
                return .passing(.failure(error))
            }
        }
    }

    /// What a server that is being restarted looks like, from itself or from what stands before it.
    public static func isAway(_ error: any Error) -> Bool {
        switch error {
        case let error as ConnectionError: error.isAway
        case let error as any CodedError: error.refusalKind == .away
        default: false
        }
    }

    /// What may be otherwise a moment later: a server is away, or has a fault, or too much to do.
    public static func isPassing(_ error: any CodedError) -> Bool {
        isAway(error) || error.statusCode.map { isPassing(status: $0) } ?? false
    }

    func note(_ what: String, _ request: HTTPRequest, _ why: String) {
        log.info("request is \(what)", metadata: ["url": "\(request.shownURL)", "reason": "\(why)"])
    }
}

/// Work that must be done by a deadline.
///
/// - Throws: `ConnectionError` when it is not.
func withDeadline<Value: Sendable>(
    _ limit: Duration, _ what: String, _ work: @Sendable @escaping () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw ConnectionError(.late("it took longer than \(limit)"), what)
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
