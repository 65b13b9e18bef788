import AsyncHTTPClient
import Failure
import NIOCore
import NIOPosix
import NIOSSL

/// Turns the errors of the network libraries into ours, in words an operator knows.
enum NetworkTrouble {
    static func failure(_ error: any Error, url: String) -> any Error {
        if error is CancellationError || error is Failure { return error }
        if let error = error as? HTTPClientError, error == .cancelled { return CancellationError() }
        return Failure(.connectionError, "request to \(url) failed", cause: trouble(error), hint: hint(error))
    }

    private static func trouble(_ error: any Error) -> ConnectionTrouble {
        switch error {
        case let error as HTTPClientError: trouble(error)
        case let error as NIOConnectionError: .unreachable(reason(error))
        case let error as IOError: .lost(reason(error))
        case is NIOSSLExtraError, is NIOSSLError, is BoringSSLError: .refused("TLS failed: \(error)")
        case is ChannelError: .lost("the connection was closed")
        default: .lost(String(describing: error))
        }
    }

    private static func trouble(_ error: HTTPClientError) -> ConnectionTrouble {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: .unreachable("no connection within the time-out")
        case .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            .unreachable("no handshake within the time-out")
        case .readTimeout: .lost("nothing was received within the time-out")
        case .remoteConnectionClosed: .lost("the server closed the connection")
        case .uncleanShutdown: .lost("the connection was cut")
        case .redirectLimitReached, .redirectCycleDetected: .refused("too many redirects")
        case .invalidProxyResponse, .proxyAuthenticationRequired: .refused(error.shortDescription)
        case .invalidURL, .emptyHost, .emptyScheme: .refused("the URL is not valid")
        default: .lost(error.shortDescription)
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if let dns = error.dnsAError ?? error.dnsAAAAError, error.connectionErrors.isEmpty {
            return "the name \"\(error.host)\" could not be resolved (\(dns))"
        }
        let reasons = error.connectionErrors.map { single in
            (single.error as? IOError).map(reason) ?? String(describing: single.error)
        }
        return reasons.first.map { "cannot connect to \(error.host) port \(error.port): \($0)" }
            ?? "cannot connect to \(error.host) port \(error.port)"
    }

    private static func reason(_ error: IOError) -> String {
        switch error.errnoCode {
        case 111: "connection refused"
        case 104: "connection reset by the server"
        case 110: "connection timed out"
        case 113: "no route to the host"
        case 101: "the network is unreachable"
        default: error.description
        }
    }

    private static func hint(_ error: any Error) -> String? {
        let text = String(describing: error)
        return text.contains("CERTIFICATE_VERIFY_FAILED")
            ? "add the server's CA to the system's certificates or name it in SSL_CERT_FILE; -k skips the check for one source"
            : nil
    }
}
