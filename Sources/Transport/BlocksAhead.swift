import Failure
import NIOCore

/// The rest of a file, fetched by ranges over several connections side by side, and handed out in order.
///
/// For files on a server, or behind a link, that gives one connection less than the reader could take. A block that does not
/// come as it should ends it: the rest is then read over one connection, which knows how to wait and to go on.
///
/// Not thread-safe: one task reads it.
final class BlocksAhead {
    /// Bytes of a block. There are at most as many blocks in memory as connections, and the one that is being read.
    static let blockSize: Int64 = 2 << 20
    /// In bytes.
    private static let pieceSize = 256 << 10
    /// It is worth its connections if it brings so many times what one brought.
    private static let leastGain = 1.25

    private typealias Block = (range: Range<Int64>, task: Task<ByteBuffer, any Error>)

    /// Where its first byte is in the file.
    let start: Int64
    private let end: Int64
    private let file: BlockRequest
    private let allowance: ConnectionAllowance
    /// Bytes a second that one connection brought.
    private let rateOfOne: Double
    /// Connections of the allowance that are used here, besides the one that every download has.
    private var more: Int
    private var blocks: [Block] = []
    private var claimed: Int64
    private var read = ByteBuffer()
    private var handedOut: Int64 = 0
    private var begun: ContinuousClock.Instant?
    private var isJudged = false

    /// - Returns: nil if so little is left that it would not pay, or others use all connections that there may be.
    init?(
        _ file: BlockRequest, from start: Int64, to end: Int64, rateOfOne: Double, allowance: ConnectionAllowance
    ) {
        guard end - start >= 3 * BlocksAhead.blockSize else { return nil }
        more = allowance.take()
        guard more > 0 else { return nil }
        self.file = file
        self.start = start
        self.end = end
        self.rateOfOne = rateOfOne
        self.allowance = allowance
        claimed = start
        // The connection that there is goes on as far as `start`.
        claim(more)
    }

    deinit { stop() }

    /// How many connections it has.
    var width: Int { more + 1 }

    /// The next bytes.
    ///
    /// - Returns: nil where it ends: at the end of the file, or where the rest must be read otherwise.
    /// - Throws: `CancellationError`.
    func next() async throws -> ByteBuffer? {
        let begun = begun ?? .now
        self.begun = begun
        while true {
            if let bytes = read.readSlice(length: min(read.readableBytes, BlocksAhead.pieceSize)),
                bytes.readableBytes > 0
            {
                handedOut += Int64(bytes.readableBytes)
                return bytes
            }
            guard isWorthIt(after: begun.duration(to: .now)) else { return nil }
            claim(width)
            guard let block = blocks.first else { return nil }
            let result = await withTaskCancellationHandler {
                await block.task.result
            } onCancel: {
                block.task.cancel()
            }
            try Task.checkCancellation()
            switch result {
            case .success(let bytes):
                blocks.removeFirst()
                read = bytes
            case .failure(let error):
                guard stepBack(because: error) else { return nil }
                blocks[0].task = file.task(block.range)
            }
        }
    }

    /// Asks for the blocks that come next, until there are so many on their way.
    private func claim(_ count: Int) {
        while blocks.count < count, claimed < end {
            let range = claimed..<claimed + min(BlocksAhead.blockSize, end - claimed)
            blocks.append((range, file.task(range)))
            claimed = range.upperBound
        }
    }

    /// Where several connections bring hardly more than one, it is not the connection that is slow.
    private func isWorthIt(after elapsed: Duration) -> Bool {
        guard !isJudged, handedOut >= Int64(2 * width) * BlocksAhead.blockSize else { return true }
        isJudged = true
        guard Double(handedOut) / elapsed.seconds < BlocksAhead.leastGain * rateOfOne else { return true }
        file.note("carried on over one connection", "\(width) bring no more than one")
        stop()
        return false
    }

    /// - Returns: false if there is nothing left but one connection.
    private func stepBack(because error: any Error) -> Bool {
        file.note("fetched over fewer connections", "\(error)")
        guard more > 1, !(error is BlockRequest.Refusal) else {
            stop()
            return false
        }
        more -= 1
        allowance.giveBack(1)
        return true
    }

    private func stop() {
        for block in blocks { block.task.cancel() }
        blocks = []
        claimed = end
        allowance.giveBack(more)
        more = 0
    }
}

/// A file of which blocks are asked for.
struct BlockRequest: Sendable {
    let request: HTTPRequest
    let transport: Transport
    /// Bytes of the whole file.
    let size: Int64
    /// What the file was when its download began.
    let validator: Validator?
    /// Whoever reads it checks it against a digest.
    let isChecked: Bool

    /// The server gives no parts of this file.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// Fetches a block. The reader asks for bytes call by call, and no scope of his spans the calls, so that this is a task of
    /// its own; ``BlocksAhead`` cancels it.
    func task(_ range: Range<Int64>) -> Task<ByteBuffer, any Error> { Task { try await fetch(range) } }

    private func fetch(_ range: Range<Int64>) async throws -> ByteBuffer {
        var request = request
        request.headers.append(("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        if let condition = validator?.condition { request.headers.append(("If-Range", condition)) }
        let response = try await transport.sender.send(request)
        guard response.status == 206 else {
            let text = "the server answered \(response.status)"
            throw Transport.isPassing(status: response.status)
                ? DownloadError(.unavailable, text, statusCode: response.status) : Refusal(description: text)
        }
        guard let sent = ContentRange(response.headers["content-range"]), sent.start == range.lowerBound,
            sent.total ?? size == size
        else { throw Refusal(description: "the server sent another part than the one asked for") }
        let now = Validator(response.headers)
        if let validator, let now, validator.contradicts(now) {
            throw Refusal(description: "another tag or date came with a part")
        }
        guard isChecked || validator?.etag == now?.etag else {
            throw Refusal(description: "a part came without the tag of the file")
        }
        // What comes lies in buffers that are much larger than it.
        var bytes = ByteBufferAllocator().buffer(capacity: range.count)
        var missing = range.count
        for try await var chunk in response.body {
            missing -= chunk.readableBytes
            guard missing >= 0 else { throw Refusal(description: "the server sent more than the part asked for") }
            bytes.writeBuffer(&chunk)
        }
        guard missing == 0 else { throw Refusal(description: "the server sent less than the part asked for") }
        return bytes
    }

    func note(_ what: String, _ why: String) { transport.note(what, request, why) }
}

extension Duration {
    /// Never zero.
    fileprivate var seconds: Double {
        let (seconds, attoseconds) = components
        return max(Double(seconds) + Double(attoseconds) / 1e18, 1e-9)
    }
}
