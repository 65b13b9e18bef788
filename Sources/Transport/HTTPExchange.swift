public import NIOCore

/// A request to a server. `url` is complete and encoded.
public struct HTTPRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: [(name: String, value: String)]
    /// TLS certificates are not checked.
    public var insecure: Bool
    /// What is sent with it. A request with a body is never sent on to where an answer redirects it.
    public var body: HTTPRequestBody?
    /// An answer that redirects is followed, and not handed on.
    public var followsRedirects = true
    /// The URL of the server that named this one, by a redirect or otherwise; nil for a URL that a user or the config named.
    /// A server outside may name none that is inside (see `AddressReach`).
    public var namedBy: String?
    /// What it shows beside the header `Authorization`, that no message may have.
    public var secrets: [String] = []

    public init(
        _ method: String = "GET", url: String, headers: [(name: String, value: String)] = [], insecure: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.insecure = insecure
    }

    /// Its URL as messages have it: without what it shows, which whoever named the URL may know; and of a URL that a server has named
    /// without the query, where those put what lets somebody in.
    var shownURL: String {
        var shown = url
        if namedBy != nil, let mark = url.firstIndex(of: "?") { shown = url[...mark] + "…" }
        return NetworkError.short(ShownSecrets(of: self).hidden(in: shown))
    }
}

/// What a request brings.
public enum HTTPRequestBody: Sendable {
    case bytes([UInt8])
    /// So many bytes, piece by piece as the server takes them.
    case stream(length: Int64, HTTPBodyStream)
}

/// A body that is made while it is sent.
public struct HTTPBodyStream: AsyncSequence, Sendable {
    private let start: @Sendable () throws -> @Sendable () async throws -> ByteBuffer?

    /// - Parameter start: begins from the first byte, and gives what hands out the pieces, nil at the end.
    public init(_ start: @escaping @Sendable () throws -> @Sendable () async throws -> ByteBuffer?) {
        self.start = start
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let start: @Sendable () throws -> @Sendable () async throws -> ByteBuffer?
        var next: (@Sendable () async throws -> ByteBuffer?)?

        public mutating func next() async throws -> ByteBuffer? {
            let piece = try next ?? start()
            next = piece
            return try await piece()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(start: start) }
}

/// The head of an answer and its body as it arrives. Dropping the body ends the connection.
public struct HTTPResponse: Sendable {
    public let status: Int
    public let headers: HTTPHeaderList
    public let body: any AsyncSequence<ByteBuffer, any Error> & Sendable
    /// The URL that answered, which is another than the one asked for after a redirect; nil if it is that.
    public let url: String?
    /// What it was shown. Its headers do not have it any more, but for words so short that they may be a part of names.
    public let secrets: ShownSecrets

    public init(
        status: Int, headers: HTTPHeaderList, body: any AsyncSequence<ByteBuffer, any Error> & Sendable,
        url: String? = nil, secrets: ShownSecrets = .none
    ) {
        self.secrets = secrets
        self.status = status
        self.headers = headers
        self.body = body
        self.url = url
    }
}

/// Header fields in the order in which they came; names compare without case.
public struct HTTPHeaderList: Sendable {
    public let fields: [(name: String, value: String)]

    public init(_ fields: [(name: String, value: String)]) { self.fields = fields }

    public subscript(_ name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }

    /// `Content-Length`, where it is a number that fits.
    public var contentLength: Int64? { self["content-length"].flatMap { HTTPNumber.read($0) } }
}

/// A whole answer with a small body.
public struct HTTPReply: Sendable {
    public let status: Int
    public let headers: HTTPHeaderList
    public let body: [UInt8]
    private let secrets: ShownSecrets

    public init(status: Int, headers: HTTPHeaderList, body: [UInt8], secrets: ShownSecrets = .none) {
        self.secrets = secrets
        self.status = status
        self.headers = headers
        self.body = body
    }
}

extension HTTPReply {
    /// What the body says, for people; see ``ErrorBody``. What the request showed is hidden.
    public func excerpt() -> String { ErrorBody.excerpt(body, hiding: secrets) }

    /// What hides in a text of the body, that is more than words about an error, what the request showed; nil if it showed nothing
    /// that would have to be.
    public var hiding: (@Sendable (String) -> String)? {
        let secrets = secrets.ofData
        if secrets == .none { return nil }
        return { secrets.hidden(in: $0) }
    }

    /// Words of the body, for people, in the same way.
    public func excerpt(of words: String) -> String { ErrorBody.excerpt(Array(words.utf8), hiding: secrets) }
}

/// How HTTP is sent: a seam for tests. Every answer that arrives is handed on, whatever its status; redirects have
/// been followed.
public protocol HTTPSender: Sendable {
    /// - Throws: ``ConnectionError``; `CancellationError`.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}

/// Numbers of header fields: digits alone, and no more than fit (RFC 9110 §8.6).
public enum HTTPNumber {
    /// Nil for what is none.
    public static func read(_ text: some StringProtocol) -> Int64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
    }
}
