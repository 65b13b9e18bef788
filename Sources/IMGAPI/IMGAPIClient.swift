import Failure
public import ImageModel
import JSON
public import Transport

/// A client of one image server that speaks IMGAPI (imgapi.md).
public struct IMGAPIClient: Sendable {
    /// Where the API's paths begin; the URL may have a path of its own.
    public let base: String
    /// The channel every request is about.
    public internal(set) var channel: String?
    private let insecure: Bool
    private let requestID: String
    /// What every request shows.
    private let token: AccessToken?
    /// There is a token that this server is not shown, as it may be another's.
    private let isTokenWithheld: Bool
    /// Signs what is asked for in one small answer; what changes something has its own.
    private let reader: RequestSigner?
    let transport: Transport

    /// - Parameters:
    ///   - base: the URL of the server, without a `/` at its end.
    ///   - channel: nil for the server's own.
    ///   - insecure: TLS certificates are not checked.
    ///   - requestID: the `x-request-id` of every request; it must be a UUID, since some servers die of another
    ///     (imgapi.md §17).
    ///   - token: what every request shows; whoever has made the client has seen to it that this server may see it.
    ///   - isTokenWithheld: there is one, but it is not plain for which server.
    ///   - reader: signs requests that read manifests and lists; a file is fetched without.
    ///   - transport: how requests are sent.
    public init(
        base: String, channel: String?, insecure: Bool, requestID: String, token: AccessToken? = nil,
        isTokenWithheld: Bool = false, reader: RequestSigner? = nil, transport: Transport
    ) {
        self.base = base
        self.channel = channel
        self.insecure = insecure
        self.requestID = requestID
        self.token = token
        self.isTokenWithheld = isTokenWithheld
        self.reader = reader
        self.transport = transport
    }

    /// Asks whether there is an IMGAPI at all.
    ///
    /// - Throws: `SourceError`, `ConnectionError`.
    public func ping() async throws {
        let reply = try await get("/ping", limit: NetworkLimits.status, "ping")
        // What is not JSON is no answer to a ping, which is told with what it is.
        let answer = try? JSONValue(parsing: reply.body)
        guard answer?["imgapi"]?.boolValue == true else {
            throw Failure(
                .sourceError,
                "\(base) does not answer a ping as an IMGAPI server does: \(reply.excerpt())")
        }
    }

    /// Asks whether who asks may read: a ping is for everybody, and images need not be.
    ///
    /// - Throws: `UnauthorizedError`, `ForbiddenError`; `ConnectionError`.
    public func checkReading() async throws {
        do {
            // An image that no server has: a list could be long. What else may be wrong, the ping would have told.
            _ = try await get("/images/\(ImageUUID())", limit: ImageLimits.manifest, "images")
        } catch let refusal as ServerRefusal {
            // Stores of plain files say 403 of what they do not have.
            if refusal.kind == .unauthorized || refusal.kind == .forbidden && refusal.hasCode { throw refusal }
        }
    }

    /// The names of the server's channels; nil if it has none, or does not say (imgapi.md, ListChannels).
    ///
    /// - Throws: `SourceError`, `ConnectionError`.
    public func channels() async throws -> [String]? {
        let reply = try await transport.reply(
            to: request("/channels", inChannel: false), limit: ImageLimits.manifest)
        // 404 where there are no channels; others may not say to just anybody.
        guard reply.status == 200 else { return nil }
        guard let list = try json(reply, "a list of channels").arrayValue else {
            throw Failure(.sourceError, "\(base) answered with something that is not a list of channels")
        }
        return list.compactMap { $0["name"]?.stringValue }
    }

    /// One image, in whatever state; nil if the server (or the channel) has none of that UUID.
    ///
    /// - Throws: `SourceError`, `ConnectionError`, `InvalidManifest`.
    public func image(_ uuid: ImageUUID) async throws -> Manifest? {
        try await find(uuid).map { try manifest($0, of: uuid) }
    }

    /// The answer that has the manifest of an image; nil if there is none of that UUID.
    func find(_ uuid: ImageUUID) async throws -> HTTPReply? {
        try await find("/images/\(uuid)", limit: ImageLimits.manifest, "image \(uuid)")
    }

    /// The manifest in an answer.
    func manifest(_ reply: HTTPReply, of uuid: ImageUUID) throws -> Manifest {
        let manifest = try manifest(in: reply, "the manifest of image \(uuid)")
        guard manifest.uuid == uuid else {
            throw Failure(.sourceError, "\(base) answered with image \(manifest.uuid) when asked for image \(uuid)")
        }
        return manifest
    }

    /// - Parameter what: was asked for.
    /// - Throws: `SourceError`, `InvalidManifest`, both naming the server and that.
    func manifest(in reply: HTTPReply, _ what: String) throws -> Manifest {
        let value = try json(reply, what)
        do {
            return try Manifest(value)
        } catch {
            throw Failure(error.code, "\(base) answered with something that is not \(what)", cause: error)
        }
    }

    /// The request that fetches an image's file.
    public func fileRequest(_ uuid: ImageUUID) -> HTTPRequest { request("/images/\(uuid)/file") }

    /// The icon of an image and its media type; nil if it has none.
    ///
    /// - Throws: `SourceError`, `ConnectionError`.
    public func icon(of uuid: ImageUUID) async throws -> (bytes: [UInt8], contentType: String)? {
        try await find("/images/\(uuid)/icon", limit: ImageLimits.icon, "the icon of image \(uuid)").map { reply in
            (reply.body, reply.headers["content-type"] ?? "application/octet-stream")
        }
    }

    func request(_ path: String, _ query: [(String, String)] = [], inChannel: Bool = true) -> HTTPRequest {
        let pairs = query + (inChannel ? channel.map { [("channel", $0)] } ?? [] : [])
        let text = URLEncoding.query(pairs)
        var headers = [("Accept", "application/json"), ("Accept-Version", "~2"), ("x-request-id", requestID)]
        // It does not follow a redirect to another origin.
        if let token { headers.append(("Authorization", "Bearer \(token.text)")) }
        return HTTPRequest(
            url: base + path + (text.isEmpty ? "" : "?\(text)"), headers: headers, insecure: insecure)
    }

    /// - Parameter what: is asked for.
    /// - Throws: ``ServerRefusal`` where it is not given.
    func get(_ path: String, _ query: [(String, String)] = [], limit: Int, _ what: String) async throws -> HTTPReply {
        let reply = try await signed(request(path, query), by: reader) {
            try await transport.reply(to: $0, limit: limit)
        }
        guard reply.status == 200 else {
            throw ServerRefusal(reply, reading: what, from: base) { accessHint($0, isSigned: reader != nil) }
        }
        return reply
    }

    /// The same of what need not be there: nil if it is not.
    private func find(_ path: String, limit: Int, _ what: String) async throws -> HTTPReply? {
        do {
            return try await get(path, limit: limit, what)
        } catch let refusal as ServerRefusal where refusal.kind == .notFound {
            return nil
        }
    }

    /// How long a small answer may take.
    var replyTimeout: Duration { transport.settings.replyTimeout }

    func replyOnce(to request: HTTPRequest, deadline: Duration?) async throws -> HTTPReply {
        try await transport.replyOnce(to: request, limit: ImageLimits.manifest, deadline: deadline)
    }

    func json(_ reply: HTTPReply, _ what: String) throws -> JSONValue {
        do {
            let value = try JSONValue(parsing: reply.body)
            // A manifest is shown, kept and handed on: none has our token in it, whoever put it there.
            return reply.hiding.map { value.mappingTexts($0) } ?? value
        } catch {
            throw Failure(.sourceError, "\(base) answered with something that is not \(what)", cause: error)
        }
    }

    func refusal(_ reply: HTTPReply, changing what: String, isSigned: Bool) -> ServerRefusal {
        ServerRefusal(reply, changing: what, at: base) { accessHint($0, isSigned: isSigned) }
    }

    /// What to do where a server wants to know who asks, or who asks may not; nil for another refusal.
    private func accessHint(_ kind: RefusalKind, isSigned: Bool) -> String? {
        switch kind {
        case .unauthorized where token != nil:
            "the server does not know the token that it was shown: ask who runs it for one that counts"
        case .unauthorized where isSigned:
            "the server takes this key for none of that user's: ask who runs it whether it knows the key's public half"
        case .unauthorized where isTokenWithheld:
            "IMGADM_TOKEN is shown to none of several servers, as it does not say for which it is: imgadm sources -a URL --token-file FILE keeps one for each; import -S URL names one"
        case .unauthorized:
            "the server wants to know who asks: --token-file FILE or IMGADM_TOKEN shows it a token, imgadm sources -a URL --token-file FILE always, and --key FILE --user NAME signs what changes an image"
        case .forbidden: "the server knows who asks, and he may not: ask who runs it for the scope that this takes"
        default: nil
        }
    }
}
