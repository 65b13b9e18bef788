import Failure
import HTTPTypes
import Host
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import JSON
import Logging
import NIOCore
import NIOHTTP1

/// Answers the requests of the protocol (imgapi.md).
struct ImageResponder: HTTPResponder {
    let repository: any ImageRepository
    let hostName: String
    let authentication: Authentication
    /// Where images may be fetched from; nil if from nowhere.
    let remotes: RemoteImages?
    let logger: Logger
    /// Where changes are recorded; nil if nowhere.
    let audit: AuditTrail?
    /// How many requests a client may make; nil for any number.
    let rate: RequestRate?
    let proxies: TrustedProxies
    /// The most bytes that the file of an image may have.
    let largestFile: Int64
    let metrics = ServerMetrics()

    /// What the library gives along with a request.
    struct Context: InitializableFromSource {
        let logger: Logger
        let paced: PacedBody
        /// Whence it comes; of a proxy, if there is one.
        let address: SocketAddress?
        init(source: ApplicationRequestContextSource) {
            logger = source.logger
            paced = PacedBody(channel: source.channel)
            address = source.channel.remoteAddress
        }
    }

    func respond(to request: Request, context: Context) async -> Response {
        let started = ContinuousClock.now
        let type = AnswerType(accept: request.headers[.accept])
        var caller = RequestCaller(request, context.address, proxies)
        var response: Response
        do {
            try rate?.admit(caller.forwardedFor ?? caller.address)
            response = try await answer(request, type, context, &caller)
        } catch {
            let fault = fault(error, context.logger)
            let isReading = request.method == .get || request.method == .head
            response =
                isReading && AnswerType.prefersPages(accept: request.headers[.accept])
                ? refusalPage(fault) : .refusal(fault, as: type ?? .json)
        }
        if request.method == .head { response = response.createHeadResponse() }
        let elapsed = started.duration(to: .now)
        let route = Route(path: request.target.prefix { $0 != "?" })
        metrics.count(
            method: request.method.rawValue, route: route, status: Int(response.status.code), took: elapsed)
        response.headers[.requestID] = caller.id
        response.headers[.serverName] = hostName
        // Whatever an image, an icon or an error may look like, it is what its type says.
        response.headers[.contentTypeOptions] = "nosniff"
        response.headers[.responseTime] =
            "\(elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000)"
        return AccessLog(context.logger).noting(response, to: request, target: request.target, caller, since: started)
    }

    private func answer(
        _ request: Request, _ type: AnswerType?, _ context: Context, _ caller: inout RequestCaller
    ) async throws -> Response {
        let target = request.target
        guard target.utf8.count <= Self.longestTarget else {
            throw RequestError(
                .uriTooLong, "RequestUriTooLarge", "the path and query are longer than \(Self.longestTarget) bytes")
        }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = halves.first ?? ""
        guard let route = Route(path: path) else { throw RequestError.notFound("\(target) does not exist") }
        // Whoever looks whether the server lives knows its address alone.
        try HostHeader.check(request.head, of: route == .ping ? nil : authentication.hosts)
        let isReading = request.method == .get || request.method == .head
        let parameters = QueryParameters(query: halves.count > 1 ? halves[1] : nil)
        let rights = try await rights(request, route, target: target, parameters)
        caller.user = rights.user?.name
        if isReading { try rights.check() }
        var request = request
        if let digest = rights.user?.claim.bodyDigest {
            request.body = RequestBody(asyncSequence: DigestedBody(request.body, digest))
        }
        let accepted = request.headers[.acceptVersion]
        let version = APIVersion(accepting: accepted)
        let query = Query(
            parameters: parameters, version: version ?? .two, type: type, headers: request.headers, rights: rights)
        func checkVersion() throws(RequestError) {
            guard version == nil else { return }
            throw RequestError(
                .badRequest, "InvalidVersion", "\(accepted ?? "") is not supported by \(request.method) \(path)")
        }
        if !isReading {
            // What is refused is an attempt, too.
            return try await audited(request, route, query, caller) {
                try checkVersion()
                guard let type else { return Response(status: .notAcceptable) }
                if rights.user == nil {
                    try ForeignPage.check(
                        request.head,
                        isForThisMachine: authentication.isForThisMachine && authentication.hosts == nil)
                }
                try rights.check()
                do {
                    return try await write(request, route, query, type)
                } catch let error as FileError where [.notPermitted, .readOnly].contains(error.kind) {
                    context.logger.error("an image cannot be changed", metadata: ["error": "\(error)"])
                    throw Self.notWritable
                }
            }
        }
        try checkVersion()
        // A file has a type of its own.
        if case .file(let uuid) = route { return try await file(uuid, query, context) }
        if case .icon(let uuid) = route { return try await icon(uuid, query, context) }
        if case .page = route { return try await page(request, query) }
        if case .imagePage(let uuid) = route { return try await page(of: uuid, request, query) }
        if case .metrics = route { return try await metricsText() }
        guard let type else { return Response(status: .notAcceptable) }
        switch route {
        case .ping: return try ping(query, type)
        case .channels: return try await channels(type, target)
        case .images: return try await list(query, type, context)
        case .image(let uuid): return try await image(uuid, query, type)
        case .state: return try await state(query, type)
        case .page, .imagePage, .metrics, .acl, .fileFromURL, .authkeys:
            throw RequestError(
                .methodNotAllowed, "MethodNotAllowedError", "\(request.method) is not allowed",
                headers: [.allow: route.writeMethods])
        case .file, .icon: throw RequestError.notFound("\(target) does not exist")
        case .datasets(let uuid):
            return Response(status: .movedPermanently, headers: [.location: uuid.map { "/images/\($0)" } ?? "/images"])
        }
    }

    /// Nothing of that passes by itself: whoever asks need not ask again.
    private static let notWritable = RequestError(
        .methodNotAllowed, "MethodNotAllowedError",
        "the images of this server cannot be changed: where they lie, it may not write, or nobody may",
        headers: [.allow: "GET, HEAD"])

    /// Far more than any client needs, in bytes.
    private static let longestTarget = 16 << 10

    func fault(_ error: any Error, _ logger: Logger) -> RequestError {
        if let fault = error as? RequestError { return fault }
        if let refusal = error as? CatalogError { return RequestError(refusal) }
        if error is HTTPParserError {
            return RequestError(.badRequest, "InvalidContent", "the body is not as its framing says, or ended early")
        }
        logger.error("a request failed", metadata: ["error": "\(error)"])
        if let error = error as? FileError, [.noSpace, .tooLarge].contains(error.kind) {
            return RequestError(
                .init(code: 507, reasonPhrase: "Insufficient Storage"), "InsufficientStorage",
                "there is no room for more images")
        }
        return RequestError(.serviceUnavailable, "StorageIsDown", "the images cannot be read or written at present")
    }
}

/// What a request asks for, beside its path.
struct Query {
    let parameters: QueryParameters
    let version: APIVersion
    /// Nil if the client accepts nothing of what we have.
    let type: AnswerType?
    let headers: HTTPFields
    let rights: Rights

    /// Who has shown who he is.
    var user: User? { rights.user }

    /// The same, answered as to a client of today.
    var newest: Query {
        Query(parameters: parameters, version: .two, type: type, headers: headers, rights: rights)
    }
}

extension Request {
    /// Path and query, as they came. (A proxy's form has scheme and host before them.)
    fileprivate var target: String {
        let text = head.path ?? ""
        guard !text.hasPrefix("/") else { return text }
        return uri.path + (uri.query.map { "?\($0)" } ?? "")
    }

    /// The client's identifier of this request.
    fileprivate var givenRequestID: String? {
        let given = headers[.plainRequestID] ?? headers[.requestID]
        return given.flatMap { (1...200).contains($0.utf8.count) ? $0 : nil }
    }
    var requestID: String { givenRequestID ?? ImageUUID().description }
}
