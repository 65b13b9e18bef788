import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Sends HTTP over the network, by AsyncHTTPClient.
///
/// Clients are made when the first request needs them, one for each proxy and each attitude to certificates.
public final class NetworkSender: HTTPSender {
    private struct ClientKind: Hashable {
        let insecure: Bool
        let proxy: String?
        /// The proxy is sent whole requests, not asked for a tunnel.
        let forwards: Bool
        /// It sends nothing to addresses of this machine and the networks around it.
        let onlyOutside: Bool
    }

    private let settings: TransportSettings
    /// Nil once it was shut down.
    private let clients = Mutex<[ClientKind: HTTPClient]?>([:])
    let reached = ReachedHosts()

    public init(settings: TransportSettings) { self.settings = settings }

    deinit {
        // AsyncHTTPClient ends the process where one of its clients goes without having been shut down, and whoever was to do
        // that may have been left by an error. Nobody waits for it here.
        guard let all = clients.withLock({ $0 }), !all.isEmpty else { return }
        Task { for client in all.values { try? await client.shutdown() } }
    }

    /// Ends all connections. Nothing can be sent afterwards.
    public func shutDown() async {
        let all = clients.withLock { clients in
            defer { clients = nil }
            return clients.map { Array($0.values) } ?? []
        }
        // All it can complain of are requests that nobody waits for any more.
        for client in all { try? await client.shutdown() }
    }

    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var next = request
        for _ in 0...Redirect.longestChain {
            let response = try await exchange(next)
            guard request.body == nil, request.followsRedirects,
                let target = try Redirect.next(after: response, to: next)
            else {
                return response
            }
            next = target
        }
        throw ConnectionError(.refused("too many redirects"), "request to \(request.shownURL) failed")
    }

    /// One request and its answer, whatever that is.
    private func exchange(_ request: HTTPRequest) async throws -> HTTPResponse {
        let url = try ServerURL(request.url, longest: NetworkLimits.namedURL)
        let text = settings.proxies.proxy(for: url)
        let proxy = try text.map { text in try ProxyAddress(text) }
        // A proxy is asked for a plain page itself; to a TLS server it makes a tunnel.
        let forwards = proxy != nil && url.scheme == "http"
        if let proxy, !forwards { try proxy.checkTunnel(for: request) }
        var onlyOutside = false
        if let naming = request.namedBy {
            let naming = try ServerURL(naming, longest: NetworkLimits.namedURL)
            onlyOutside = try await AddressReach.check(url, namedBy: naming, reached: reached) {
                settings.proxies.proxy(for: $0) != nil
            }
        }
        let kind = ClientKind(
            insecure: request.insecure || settings.insecure, proxy: text, forwards: forwards,
            onlyOutside: onlyOutside && proxy == nil)
        let client = try client(of: kind)
        do {
            let response = try await client.execute(
                outgoing(request, url, forwards ? proxy : nil), deadline: .distantFuture)
            if forwards, response.status == .proxyAuthenticationRequired {
                throw HTTPClientError.proxyAuthenticationRequired
            }
            let secrets = ShownSecrets(of: request)
            let inHeaders = secrets.ofData
            return HTTPResponse(
                status: Int(response.status.code),
                headers: HTTPHeaderList(response.headers.map { ($0.name, inHeaders.hidden(in: $0.value)) }),
                body: NetworkBody(
                    body: response.body, request: request,
                    floor: ThroughputFloor(rate: settings.leastRate, window: settings.stallTimeout)),
                url: request.url, secrets: secrets)
        } catch {
            let why =
                proxy == nil && CertificateError.isVerification(error)
                ? await CertificateError.describe(url, within: settings.connectTimeout) : nil
            throw NetworkError.failure(error, of: request, proxy: proxy, certificate: why)
        }
    }

    /// The request as AsyncHTTPClient takes it.
    ///
    /// - Parameter proxy: the one that is asked for the page itself.
    private func outgoing(_ request: HTTPRequest, _ url: ServerURL, _ proxy: ProxyAddress?) -> HTTPClientRequest {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.headers.add(name: "Host", value: url.authority)
        if let proxy {
            outgoing.url = proxy.url.origin + request.url.dropFirst(NetworkSender.originLength(request.url))
            if let user = proxy.user {
                let basic = HTTPClient.Authorization.basic(username: user, password: proxy.password)
                outgoing.headers.add(name: "Proxy-Authorization", value: basic.headerValue)
            }
        }
        outgoing.method = HTTPMethod(rawValue: request.method)
        outgoing.headers.add(name: "User-Agent", value: settings.userAgent)
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        switch request.body {
        case .bytes(let bytes)?: outgoing.body = .bytes(bytes)
        case .stream(let length, let stream)?: outgoing.body = .stream(stream, length: .known(length))
        case nil: break
        }
        return outgoing
    }

    /// How many characters of a URL are scheme and authority.
    private static func originLength(_ url: String) -> Int {
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let end = url[start...].firstIndex { $0 == "/" || $0 == "?" } ?? url.endIndex
        return url.distance(from: url.startIndex, to: end)
    }

    private func client(of kind: ClientKind) throws -> HTTPClient {
        try clients.withLock { clients in
            // Work that outlives what it belongs to would make a client that nobody shuts down.
            guard let known = clients else { throw CancellationError() }
            if let client = known[kind] { return client }
            let client = HTTPClient(configuration: try configuration(of: kind))
            clients?[kind] = client
            return client
        }
    }

    private func configuration(of kind: ClientKind) throws -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let roots = settings.trustRoots { tls.trustRoots = .file(roots) }
        if kind.insecure { tls.certificateVerification = .none }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(
            connect: TimeAmount(settings.connectTimeout), read: TimeAmount(settings.stallTimeout),
            write: TimeAmount(settings.stallTimeout))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        let deadline = TimeAmount(settings.stallTimeout)
        // Reads of up to 1 MiB instead of 64 KiB: twice the throughput, half the CPU.
        configuration.http1_1ConnectionDebugInitializer = { [kind, reached] channel in
            let receive = channel.setOption(
                ChannelOptions.recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 64 << 10, initial: 256 << 10, maximum: 1 << 20)
            ).flatMap {
                ResponseGuard.install(
                    in: channel, deadline: deadline, onlyOutside: kind.onlyOutside,
                    noting: kind.proxy == nil ? reached : nil)
            }
            return kind.forwards ? receive.flatMap { AbsoluteForm.install(in: channel) } : receive
        }
        if !kind.forwards, let proxy = try kind.proxy.map({ text in try ProxyAddress(text) }) {
            let authorization = proxy.user.map {
                HTTPClient.Authorization.basic(username: $0, password: proxy.password)
            }
            configuration.proxy = .server(host: proxy.url.host, port: proxy.url.port, authorization: authorization)
        }
        return configuration
    }
}
