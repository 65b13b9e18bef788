import NIOCore
import Synchronization
import Transport

/// A server that has one file, gives parts of it, and keeps every reader waiting between pieces.
final class SlowRangesSender: HTTPSender {
    /// What it does with the request that has this number, from 0.
    enum Answer: Sendable {
        case part, whole, status(Int), cut
        /// The part from another byte on.
        case shifted
        /// The part with another tag.
        case retagged
        /// The part without its tag.
        case untagged
        case short, long
    }

    static let piece = 256 << 10
    let size: Int
    private let answer: @Sendable (Int) -> Answer
    private let state = Mutex((asked: [String](), open: 0, most: 0, served: 0))

    init(size: Int, _ answer: @Sendable @escaping (Int) -> Answer = { _ in .part }) {
        self.size = size
        self.answer = answer
    }

    /// The ranges that have been asked for, in order; "" for the whole.
    var asked: [String] { state.withLock { $0.asked } }
    /// Bytes that have been sent.
    var served: Int { state.withLock { $0.served } }
    /// How many connections there were at a time.
    var most: Int { state.withLock { $0.most } }

    /// 64 MiB of which every 4 KiB begin with their number. The file is its beginning.
    static let content: ByteBuffer = {
        var bytes = ByteBuffer(repeating: 7, count: 64 << 20)
        for page in 0..<(16 << 10) { bytes.setInteger(page, at: page << 12) }
        return bytes
    }()

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let range = request.headers.first { $0.name == "Range" }?.value ?? ""
        let number = state.withLock { state in
            state.asked.append(range)
            return state.asked.count - 1
        }
        let answer = answer(number)
        var (from, to) = (0, size)
        if case .whole = answer {
        } else if !range.isEmpty {
            let ends = range.dropFirst("bytes=".count).split(separator: "-")
            from = ends.first.flatMap { Int($0) } ?? 0
            to = ends.count > 1 ? (Int(ends[1]) ?? 0) + 1 : size
        }
        if case .status(let status) = answer { return head(status, [], from: 0, to: 0) }
        if case .shifted = answer { from += 1 }
        let tag = if case .retagged = answer { "\"b\"" } else { "\"a\"" }
        let isPart = from > 0 || to < size
        var headers = [("Content-Length", "\(to - from)")]
        if case .untagged = answer {} else { headers.append(("ETag", tag)) }
        if isPart { headers.append(("Content-Range", "bytes \(from)-\(to - 1)/\(size)")) }
        switch answer {
        case .cut: return head(isPart ? 206 : 200, headers, from: from, to: from + (to - from) / 2, isCut: true)
        case .short: return head(isPart ? 206 : 200, headers, from: from, to: to - 1)
        case .long: return head(isPart ? 206 : 200, headers, from: from, to: min(size, to + 1))
        default: return head(isPart ? 206 : 200, headers, from: from, to: to)
        }
    }

    private func head(
        _ status: Int, _ headers: [(String, String)], from: Int, to: Int, isCut: Bool = false
    ) -> HTTPResponse {
        let body = Body(sender: self, from: from, to: to, isCut: isCut)
        return HTTPResponse(status: status, headers: HTTPHeaderList(headers), body: body)
    }

    private struct Body: AsyncSequence, Sendable {
        let sender: SlowRangesSender
        let from: Int
        let to: Int
        let isCut: Bool

        struct Iterator: AsyncIteratorProtocol {
            let body: Body
            var place: Int
            let presence: Presence

            mutating func next() async throws -> ByteBuffer? {
                try await Task.sleep(for: .milliseconds(2))
                guard place < body.to else {
                    presence.leave()
                    if body.isCut { throw FakeSender.failure(.lost("cut")) }
                    return nil
                }
                let end = Swift.min(body.to, place + SlowRangesSender.piece)
                defer { place = end }
                body.sender.state.withLock { [count = end - place] in $0.served += count }
                return SlowRangesSender.content.getSlice(at: place, length: end - place)
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(body: self, place: from, presence: Presence(sender)) }
    }

    /// A connection that is open.
    private final class Presence: Sendable {
        private let sender: SlowRangesSender
        private let isThere = Mutex(true)

        init(_ sender: SlowRangesSender) {
            self.sender = sender
            sender.state.withLock {
                $0.open += 1
                $0.most = max($0.most, $0.open)
            }
        }

        func leave() {
            guard
                isThere.withLock({ wasThere in
                    defer { wasThere = false }; return wasThere
                })
            else { return }
            sender.state.withLock { $0.open -= 1 }
        }

        deinit { leave() }
    }
}
