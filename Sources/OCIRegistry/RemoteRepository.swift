import Failure
import ImageModel
import JSON
import Logging
import Transport

/// A repository of a registry: all that is asked of it goes through here, with what the registry wants to be shown.
public struct RemoteRepository: Sendable {
    public let endpoint: RegistryEndpoint
    /// Within the registry.
    public let name: String
    /// `HOST/NAME`, for errors and logs.
    public var description: String { "\(endpoint.name)/\(name)" }
    let limits: RegistryLimits
    private let tokens: RegistryTokens
    private let network: Transport
    let log: Logger
    /// Whoever asks has begun what is worth waiting for: all is asked for as long as a server may be away.
    private var isAwaited = false

    var settings: TransportSettings { network.settings }

    init(
        _ name: String, endpoint: RegistryEndpoint, tokens: RegistryTokens, limits: RegistryLimits, network: Transport,
        log: Logger
    ) {
        self.name = name
        self.endpoint = endpoint
        self.tokens = tokens
        self.limits = limits
        self.network = network
        self.log = log
    }

    /// The same, for whoever has found that the registry answers, and now does what is worth waiting for: also what is only asked
    /// in between is asked for as long as a server may be away (`TransportSettings.patience`).
    public var awaited: RemoteRepository {
        var repository = self
        repository.isAwaited = true
        return repository
    }

    /// HTTP to the repository.
    func transport(_ actions: RegistryActions) -> Transport {
        Transport(
            sender: RegistrySender(
                network: network.sender, endpoint: endpoint, tokens: tokens, repository: name, actions: actions),
            settings: network.settings, log: log)
    }

    /// The address of something below the repository.
    func url(_ path: String) -> String { "\(endpoint.origin)/v2/\(name)/\(path)" }

    func request(_ method: String, _ url: String, _ headers: [(String, String)] = []) -> HTTPRequest {
        HTTPRequest(method, url: url, headers: headers, insecure: endpoint.insecure)
    }

    /// An address that the registry gave, which may be only a path; nil if it is of somewhere else.
    func location(_ text: String) -> String? {
        if text.hasPrefix("/"), !text.hasPrefix("//") { return endpoint.origin + text }
        return text.hasPrefix(endpoint.origin + "/") ? text : nil
    }

    /// Asks, and says what the answer means.
    ///
    /// - Parameters:
    ///   - url: ``url(_:)``, or an address that the registry gave.
    ///   - limit: the most bytes of the answer, if not those of the operation.
    /// - Throws: `ConnectionError`, `Unauthorized`; `SourceError` for an answer over the limit.
    func ask(
        _ operation: RegistryOperation, _ url: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil,
        limit: Int? = nil
    ) async throws -> RegistryAnswer {
        var request = request(operation.method, url, headers)
        request.body = body.map { .bytes($0) }
        let transport = transport(operation.actions)
        let limit = limit ?? operation.limit(limits)
        let reply =
            if let deadline = operation.onceWithin {
                try await transport.replyOnce(to: request, limit: limit, deadline: deadline)
            } else {
                // What is written has been made with pains, and the registry was there before it.
                try await transport.reply(
                    to: request, limit: limit,
                    patience: isAwaited || operation.actions == .writing ? settings.patience : .zero)
            }
        return RegistryAnswer(reply, to: operation)
    }

    /// Asks for what must be there.
    ///
    /// - Parameter what: for the error.
    /// - Throws: as ``ask(_:_:_:body:limit:)``, and what the registry refuses for (see ``RegistryRefusal``).
    func require(
        _ operation: RegistryOperation, _ url: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil,
        limit: Int? = nil, what: String
    ) async throws -> HTTPReply {
        let answer = try await ask(operation, url, headers, body: body, limit: limit)
        guard case .done = answer.meaning else { throw refusal(answer, what) }
        return answer.reply
    }

    /// Asks for what may be there.
    ///
    /// - Returns: nil if it is not.
    func find(
        _ operation: RegistryOperation, _ url: String, _ headers: [(String, String)] = [], limit: Int? = nil,
        what: String
    ) async throws -> HTTPReply? {
        let answer = try await ask(operation, url, headers, limit: limit)
        switch answer.meaning {
        case .done: return answer.reply
        case .absent: return nil
        case .passing, .refused: throw refusal(answer, what)
        }
    }

    /// Why something cannot be had or done, as the registry says.
    func refusal(_ answer: RegistryAnswer, _ what: String) -> RegistryRefusal {
        RegistryRefusal(answer.reply, what, endpoint, otherwise: answer.operation.code)
    }

    /// - Throws: `DownloadError` for content of another digest.
    func check(_ content: [UInt8], _ digest: ContentDigest, _ what: String) throws(Failure) {
        let actual = ContentDigest(digest.algorithm, of: content)
        guard actual == digest else {
            throw Failure(.downloadError, "\(what) has the digest \(actual), but it should have \(digest)")
        }
    }

    /// - Throws: `SourceError` for what is not JSON.
    static func parse(_ bytes: [UInt8], _ what: String) throws(Failure) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes, limits: JSONLimits(depth: 64))
        } catch {
            throw Failure(.sourceError, "\(what) is not JSON", cause: error)
        }
    }
}
