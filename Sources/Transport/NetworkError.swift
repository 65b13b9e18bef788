import AsyncHTTPClient
import Failure
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Turns the errors of the network libraries into ours, in words an operator knows.
enum NetworkError {
    /// - Parameters:
    ///   - proxy: what the request went by way of.
    ///   - certificate: what is wrong with the server's, where that was found out.
    static func failure(
        _ error: any Error, of request: HTTPRequest, proxy: ProxyAddress? = nil, certificate: String? = nil
    ) -> any Error {
        if error is CancellationError || error is any CodedError { return error }
        if let error = error as? HTTPClientError, error == .cancelled { return CancellationError() }
        let reason = connectionReason(error, proxy, certificate)
        return ConnectionError(reason, "request to \(request.shownURL) failed", hint: hint(error, reason, proxy))
    }

    /// A URL may have thousands of bytes.
    static func short(_ url: String) -> String { url.utf8.count > 300 ? url.prefix(200) + "…" : url }

    private static func connectionReason(
        _ error: any Error, _ proxy: ProxyAddress?, _ certificate: String?
    ) -> ConnectionError.Reason {
        if let proxy, let reason = connectionReason(error, of: proxy) { return reason }
        if let certificate { return .refused(certificate) }
        return switch error {
        case let error as ResponseError: connectionReason(error)
        case let error as HTTPClientError: connectionReason(error)
        case let error as NIOConnectionError: .unreachable(reason(error))
        case let error as IOError where isOfConnecting(error): .unreachable("cannot connect: \(reason(error))")
        case let error as IOError: .lost(reason(error))
        case is NIOSSLExtraError, is NIOSSLError, is BoringSSLError: CertificateError.connectionReason(error)
        case let error as HTTPParserError where error == .invalidEOFState:
            .lost("the connection was closed in an answer")
        // The same request would get the same bytes.
        case is HTTPParserError, is NIOHTTPDecoderError: .refused("the answer is not HTTP")
        case is ChannelError, is NIOTLSUnwrappingError: .lost("the connection was closed")
        default: .lost(String(describing: error))
        }
    }

    /// What keeps a proxy from being of use; nil for what may be the server's fault.
    private static func connectionReason(_ error: any Error, of proxy: ProxyAddress) -> ConnectionError.Reason? {
        if let error = error as? NIOConnectionError { return .unreachable("the proxy \(proxy.url): \(reason(error))") }
        if let error = error as? IOError, isOfConnecting(error) {
            return .unreachable("the proxy \(proxy.url): cannot connect: \(reason(error))")
        }
        return switch error as? HTTPClientError {
        case .proxyAuthenticationRequired?:
            .refused("the proxy \(proxy.url) wants \(proxy.user == nil ? "" : "other ")credentials (status 407)")
        case .invalidProxyResponse?: .lost("the proxy \(proxy.url) makes no connection to the server")
        case .httpProxyHandshakeTimeout?:
            .unreachable("the proxy \(proxy.url) made no connection to the server within the time-out")
        case .connectTimeout?: .unreachable("the proxy \(proxy.url): no connection within the time-out")
        default: nil
        }
    }

    private static func connectionReason(_ fault: ResponseError) -> ConnectionError.Reason {
        switch fault.kind {
        case .stalled: .stalled(fault.description)
        case .nonsense: .refused("the answer is not HTTP: \(fault.description)")
        case .speaksTLS, .inside: .refused(fault.description)
        }
    }

    private static func connectionReason(_ error: HTTPClientError) -> ConnectionError.Reason {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: .unreachable("no connection within the time-out")
        case .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            .unreachable("no handshake within the time-out")
        case .readTimeout: .stalled("nothing was received within the time-out")
        case .writeTimeout: .stalled("nothing could be sent within the time-out")
        case .remoteConnectionClosed: .lost("the server closed the connection")
        case .uncleanShutdown: .lost("the connection was cut")
        case .redirectLimitReached, .redirectCycleDetected: .refused("too many redirects")
        case .invalidProxyResponse, .proxyAuthenticationRequired: .refused(error.shortDescription)
        case .invalidURL, .emptyHost, .emptyScheme: .refused("the URL is not valid")
        default: .lost(error.shortDescription)
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if error.dnsAError ?? error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
            return "the name \"\(error.host)\" could not be resolved"
        }
        let reasons = error.connectionErrors.map { single in
            (single.error as? IOError).map(reason) ?? String(describing: single.error)
        }
        return reasons.first.map { "cannot connect to \(error.host) port \(error.port): \($0)" }
            ?? "cannot connect to \(error.host) port \(error.port)"
    }

    /// To an address, and not a name, there is one way, and its error comes as it is.
    private static func isOfConnecting(_ error: IOError) -> Bool {
        [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode)
    }

    private static func reason(_ error: IOError) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET: "connection reset by the server"
        case ETIMEDOUT: "connection timed out"
        case EHOSTUNREACH: "no route to the host"
        case ENETUNREACH: "the network is unreachable"
        default: error.description
        }
    }

    private static func hint(
        _ error: any Error, _ reason: ConnectionError.Reason, _ proxy: ProxyAddress?
    ) -> String? {
        if CertificateError.isVerification(error) || error is NIOSSLExtraError {
            return
                "add the server's CA to the system's certificates or name it in SSL_CERT_FILE; IMGADM_INSECURE=1, or -k for one source, skips the check"
        }
        if reason.description.contains("plain HTTP, not TLS") { return "use http:// if that is what you want" }
        if (error as? ResponseError)?.kind == .speaksTLS { return "use https://" }
        guard case .unreachable = reason else { return nil }
        return proxy == nil
            ? "does the server run, and are its name and port right? Where a proxy is needed, http_proxy and https_proxy name it"
            : "does the proxy run? http_proxy and https_proxy name it, no_proxy the servers that are asked without one"
    }
}
