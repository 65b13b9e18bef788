import Failure
public import NIOCore
import Time

/// What to fetch and what is known of it beforehand.
public struct DownloadRequest: Sendable {
    public var request: HTTPRequest
    /// The size the file must have; a server that announces or sends another one is refused.
    public var size: Int64?
    /// Where to begin: that many bytes are here already.
    public var offset: Int64
    /// Where to end; nil for the end of the file.
    public var end: Int64?
    /// Who reads the bytes checks them against a digest, so that nothing else need tell whether they belong together.
    public var isChecked: Bool
    /// Nobody has heard of the server yet: where it cannot be reached, it is not waited for.
    public var isFirst: Bool

    public init(
        _ request: HTTPRequest, size: Int64?, offset: Int64 = 0, end: Int64? = nil, isChecked: Bool = false,
        isFirst: Bool = false
    ) {
        self.request = request
        self.size = size
        self.offset = max(0, offset)
        self.end = end == size ? nil : end
        self.isChecked = isChecked
        self.isFirst = isFirst
    }
}

/// A file as it arrives. A connection that breaks or stalls is made again and goes on where it stopped: by `Range` with
/// `If-Range` where the server can, otherwise by reading past what is here (RFC 9110 §13.1.5, §14). Whoever reads sees
/// one unbroken run of bytes.
///
/// Where the reader does little but wait for that one connection, the rest comes over several (``BlocksAhead``).
///
/// Not thread-safe: one task reads it.
public final class Download {
    private let transport: Transport
    private let wanted: DownloadRequest
    private var body: (any AsyncIteratorProtocol<ByteBuffer, any Error>)?
    private var skip: Int64 = 0
    private var validator: Validator?
    private var tries: Backoff.Tries
    private var pace: ReadingPace?
    /// What comes over several connections, from where it begins; the one that there was goes as far.
    private var ahead: BlocksAhead?
    /// What the one brought beyond that, until the first of them is here: if they are refused, it goes on.
    private var beyond: ByteBuffer?
    /// Where all tries were last earned.
    private var earned: Int64

    /// Bytes handed out so far, and those before `offset`.
    public private(set) var position: Int64
    /// The size of the whole file, as far as anybody has told it.
    public private(set) var size: Int64?
    /// The head of the first answer.
    public private(set) var headers: HTTPHeaderList?
    /// Parts came with different tags or dates: if the digest is another in the end, they may be of two files, and the
    /// whole from one of them may be right.
    public private(set) var isOfSeveral = false

    public init(_ wanted: DownloadRequest, by transport: Transport) {
        self.wanted = wanted
        self.transport = transport
        let settings = transport.settings
        var backoff = settings.backoff(tries: NetworkLimits.downloadTries, patience: settings.patience)
        backoff.longest = settings.patience + settings.stallTimeout
        tries = Backoff.Tries(backoff, by: settings.clock)
        pace = ReadingPace(window: settings.paceWindow)
        earned = wanted.offset
        position = wanted.offset
        size = wanted.size
    }

    /// The next bytes, or nil at the end of the file.
    ///
    /// - Throws: `DownloadError`; `ConnectionError` where there is no server; `CancellationError`.
    public func next() async throws -> ByteBuffer? {
        while true {
            do {
                return try await read()
            } catch let error as ConnectionError {
                body = nil
                if wanted.isFirst, headers == nil, !error.isPassing { throw error }
                let unavailable = DownloadError(.unavailable, what, cause: error.reason, hint: error.hint)
                // Whoever gave this address was there a moment ago: the server may be restarting.
                guard error.isAway else { throw unavailable }
                try await pause(because: unavailable, retryAfter: nil)
            }
        }
    }

    private func read() async throws -> ByteBuffer? {
        if let end = wanted.end, position >= end {
            body = nil
            return nil
        }
        if let size, position == size, headers != nil || size == wanted.offset && size > 0 {
            return try await rest()
        }
        if let ahead, position >= ahead.start {
            if let chunk = try await ahead.next() {
                (body, beyond) = (nil, nil)
                position += Int64(chunk.readableBytes)
                return chunk
            }
            self.ahead = nil
        }
        if let chunk = beyond {
            beyond = nil
            position += Int64(chunk.readableBytes)
            return chunk
        }
        if body == nil { try await open() }
        let end = ahead?.start ?? wanted.end
        while true {
            let start = ContinuousClock.now
            guard var chunk = try await body?.next(isolation: #isolation) else { break }
            if skip > 0 {
                let count = Int(min(skip, Int64(chunk.readableBytes)))
                chunk.moveReaderIndex(forwardBy: count)
                skip -= Int64(count)
            }
            if let end, Int64(chunk.readableBytes) > end - position {
                let count = Int(end - position)
                let whole = chunk
                chunk = whole.getSlice(at: whole.readerIndex, length: count) ?? whole
                if ahead != nil { beyond = upToEnd(whole, after: count) }
            }
            guard chunk.readableBytes > 0 else { continue }
            // A file would have to bring 2^63 bytes for this to overflow.
            position += Int64(chunk.readableBytes)
            if let size, position > size { throw tooLarge(size) }
            if ahead == nil, let rate = pace?.note(chunk.readableBytes, since: start) { widen(rateOfOne: rate) }
            return chunk
        }
        if skip > 0 { throw lost("the server ended the file before the part that was missing") }
        // Where nobody has said how long the file is, it is as long as it is.
        if let size {
            let end = min(end ?? size, size)
            if position < end { throw lost("the connection ended after \(position) of \(end) bytes") }
        }
        size = position
        return nil
    }

    /// All bytes are here: reads on only to see that no more come. How that ends is of no consequence.
    private func rest() async throws -> ByteBuffer? {
        while let chunk = try? await body?.next(isolation: #isolation) {
            if chunk.readableBytes > 0 { throw tooLarge(position) }
        }
        body = nil
        return nil
    }

    /// What a chunk has behind so many bytes; nothing that the file, or what is wanted of it, has not.
    private func upToEnd(_ chunk: ByteBuffer, after count: Int) -> ByteBuffer? {
        guard let size else { return nil }
        let missing = min(wanted.end ?? size, size) - position - Int64(count)
        let length = min(Int64(chunk.readableBytes - count), missing)
        return length > 0 ? chunk.getSlice(at: chunk.readerIndex + count, length: Int(length)) : nil
    }

    /// Little is done but to wait for this one connection: others bring what comes after what it has under way.
    private func widen(rateOfOne rate: Double) {
        // Parts that nothing tells to be of one file are not put together.
        guard let size, wanted.isChecked || validator?.isStrong == true, skip == 0,
            headers?["accept-ranges"]?.lowercased() != "none", !Download.mayExpire(wanted.request.url)
        else {
            pace = nil
            return
        }
        let end = min(wanted.end ?? size, size)
        guard end - position > BlocksAhead.blockSize else { return }
        let file = BlockRequest(
            request: wanted.request, transport: transport, size: size, validator: validator, isChecked: wanted.isChecked
        )
        ahead = BlocksAhead(
            file, from: position + BlocksAhead.blockSize, to: end, rateOfOne: rate,
            allowance: transport.settings.sideConnections)
        guard let ahead else { return }
        pace = nil
        transport.note(
            "carried on over \(ahead.width) connections", wanted.request, "one brings \(Int64(rate) >> 10) KiB a second"
        )
    }

    /// A signed URL may be good for a moment, in which one connection has been made that lasts. Those of image servers are not signed.
    static func mayExpire(_ url: String) -> Bool {
        guard let query = url.split(separator: "?", maxSplits: 1).dropFirst().first else { return false }
        return query.split(separator: "&").contains { !$0.hasPrefix("channel=") && !$0.hasPrefix("account=") }
    }

    private func open() async throws {
        var request = wanted.request
        if position > 0 || wanted.end != nil {
            request.headers.append(("Range", "bytes=\(position)-\(wanted.end.map { "\($0 - 1)" } ?? "")"))
            if let condition = validator?.condition { request.headers.append(("If-Range", condition)) }
        }
        while true {
            let response = try await transport.sender.send(request)
            if Transport.isPassing(status: response.status) {
                let wait = RetryAfter.read(response.headers, now: .now())
                let text = await ErrorBody.text(of: response)
                try await pause(
                    because: DownloadError(
                        .unavailable, "\(what): the server answered \(response.status)\(text)",
                        statusCode: response.status),
                    retryAfter: wait)
                continue
            }
            try await accept(response)
            return
        }
    }

    private func accept(_ response: HTTPResponse) async throws {
        let length = response.headers.contentLength
        skip = 0
        switch response.status {
        case 206 where position > 0 || wanted.end != nil:
            guard let range = ContentRange(response.headers["content-range"]), range.start <= position else {
                throw DownloadError(.otherFile, "\(what): the server sent another part than the one asked for")
            }
            skip = position - range.start
            try agree(on: range.total)
        case 200:
            try agree(on: length)
            skip = position
        case 416 where position > 0 && size == position:
            break
        default:
            let text = await ErrorBody.text(of: response)
            // Of these some say that there is no such part of the file.
            let isOfPart = position > 0 && [400, 416, 501].contains(response.status)
            throw DownloadError(
                isOfPart ? .otherFile : response.status == 304 ? .unchanged : .unavailable,
                "\(what): the server answered \(response.status)\(text)",
                statusCode: response.status)
        }
        let now = Validator(response.headers)
        if let validator, let now, validator.contradicts(now) {
            // Nodes of one service have tags of their own for the same bytes.
            guard wanted.isChecked else {
                throw DownloadError(.otherFile, "\(what) changed on the server while it was being downloaded")
            }
            isOfSeveral = true
            transport.note("answered with another tag or date", wanted.request, "the digest will tell")
        }
        validator = now ?? validator
        headers = headers ?? response.headers
        body = response.body.makeAsyncIterator()
    }

    private func agree(on announced: Int64?) throws {
        guard let announced else { return }
        if let size, size != announced {
            throw DownloadError(
                .otherFile, "\(what): the server announces \(announced) bytes, but the size should be \(size)")
        }
        size = announced
    }

    private func pause(because error: DownloadError, retryAfter: Duration?) async throws {
        if position - earned >= NetworkLimits.progress {
            tries.renew()
            earned = position
        }
        // After so many tries in a row it is given up, if the server had as long as its restart may take.
        guard let wait = tries.pauseAfterFailure(atLeast: retryAfter) else { throw error }
        if let retryAfter, retryAfter > transport.settings.longestRetryAfter {
            throw DownloadError(
                .unavailable, error.message, cause: error.cause,
                hint: "the server asks to come back in \(retryAfter)")
        }
        transport.note("resumed at byte \(position)", wanted.request, error.description)
        try await transport.settings.clock.wait(wait)
    }

    private var what: String { "download of \(wanted.request.shownURL)" }

    private func tooLarge(_ size: Int64) -> DownloadError {
        DownloadError(.otherFile, "\(what) is larger than \(size) bytes, the size it should have")
    }

    private func lost(_ why: String) -> ConnectionError { ConnectionError(.lost(why), what) }
}
