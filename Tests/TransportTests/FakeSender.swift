import Logging
import NIOCore
import Synchronization
import TestClock
import Transport

/// Answers requests in turn without a network, and remembers them.
final class FakeSender: HTTPSender {
    enum Answer: Sendable {
        case reply(Int, headers: [(String, String)] = [], body: String = "")
        /// So many bytes of the body, and then the connection is lost.
        case broken(Int, headers: [(String, String)] = [], body: String)
        case trouble(ConnectionError.Reason)
    }

    private let answers: Mutex<[Answer]>
    private let seen = Mutex<[HTTPRequest]>([])

    init(_ answers: [Answer]) { self.answers = Mutex(answers) }

    var requests: [HTTPRequest] { seen.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        seen.withLock { $0.append(request) }
        guard let answer = answers.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
            throw FakeSender.failure(.unreachable("nobody is there any more"))
        }
        switch answer {
        case .trouble(let trouble): throw FakeSender.failure(trouble)
        case .reply(let status, let headers, let body): return response(status, headers, body, isBroken: false)
        case .broken(let status, let headers, let body): return response(status, headers, body, isBroken: true)
        }
    }

    private func response(_ status: Int, _ headers: [(String, String)], _ body: String, isBroken: Bool) -> HTTPResponse
    {
        let stream = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            if !body.isEmpty { continuation.yield(ByteBuffer(string: body)) }
            continuation.finish(throwing: isBroken ? FakeSender.failure(.lost("cut")) : nil)
        }
        return HTTPResponse(status: status, headers: HTTPHeaderList(headers), body: stream)
    }

    static func failure(_ reason: ConnectionError.Reason) -> ConnectionError {
        ConnectionError(reason, "request failed")
    }

    /// A transport that has no patience unless a test gives it some, and never waits for real.
    func transport(_ change: (inout TransportSettings) -> Void = { _ in }) -> Transport {
        var settings = TransportSettings()
        settings.patience = .zero
        settings.clock = SteppingClock()
        change(&settings)
        return Transport(
            sender: self, settings: settings, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}

extension FakeSender {
    static var nothing: AsyncThrowingStream<ByteBuffer, any Error> { AsyncThrowingStream { $0.finish() } }
}
