import AsyncHTTPClient
import Failure
import NIOCore

/// The body of an answer; a connection that breaks, or brings so little that it is as good as broken, is told as
/// `ConnectionError`.
struct NetworkBody: AsyncSequence, Sendable {
    let body: HTTPClientResponse.Body
    let request: HTTPRequest
    let floor: ThroughputFloor

    struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: HTTPClientResponse.Body.AsyncIterator
        let request: HTTPRequest
        var floor: ThroughputFloor

        mutating func next() async throws -> ByteBuffer? { try await next(isolation: #isolation) }

        mutating func next(isolation: isolated (any Actor)?) async throws(any Error) -> ByteBuffer? {
            do {
                let start = ContinuousClock.now
                let chunk = try await iterator.next(isolation: isolation)
                if let chunk { try floor.note(chunk.readableBytes, after: start.duration(to: .now)) }
                return chunk
            } catch {
                throw NetworkError.failure(error, of: request)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(iterator: body.makeAsyncIterator(), request: request, floor: floor)
    }
}

/// The least that a body must bring while somebody waits for it; time in which nobody asked for more does not count.
struct ThroughputFloor: Sendable {
    /// Bytes that must come within `window`.
    private let least: Int
    private let window: Duration
    private var waited = Duration.zero
    private var bytes = 0

    /// - Parameter rate: bytes a second.
    init(rate: Int, window: Duration) {
        let seconds = Double(window.components.seconds) + Double(window.components.attoseconds) / 1e18
        // Settings are below 2^30 bytes a second and a day.
        least = Int(Double(rate) * seconds)  // bounds: 2^30 through a day
        self.window = window
    }

    /// - Throws: `ResponseError`.
    mutating func note(_ count: Int, after wait: Duration) throws(ResponseError) {
        waited += wait
        // A chunk has at most what a read takes in.
        bytes += count
        if bytes >= least {
            waited = .zero
            bytes = 0
        } else if waited >= window {
            throw ResponseError(
                kind: .stalled,
                description: "only \(bytes) bytes came within \(waited.components.seconds) s, fewer than \(least)")
        }
    }
}
