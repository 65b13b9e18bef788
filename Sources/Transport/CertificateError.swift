import NIOCore
import NIOPosix
import NIOSSL
import Time

/// Says in words why there is no TLS. What BoringSSL says has the paths of the machine that it was built on.
enum CertificateError {
    /// The certificate was looked at and not accepted.
    static func isVerification(_ error: any Error) -> Bool { reasons(error).contains("CERTIFICATE_VERIFY_FAILED") }

    static func connectionReason(_ error: any Error) -> ConnectionError.Reason {
        if error is NIOSSLExtraError { return .refused("the server's certificate is not for this name") }
        if case NIOSSLError.uncleanShutdown = error { return .lost("the connection was cut") }
        let reasons = reasons(error)
        func has(_ names: String...) -> Bool { names.contains(where: reasons.contains) }
        if has("CERTIFICATE_VERIFY_FAILED") { return .refused(unknownAuthority) }
        if has("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST") {
            return .refused("the server speaks plain HTTP, not TLS")
        }
        if has("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION") {
            return .refused("the server speaks no version of TLS from 1.2 on")
        }
        if has("SSLV3_ALERT_HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "HANDSHAKE_FAILURE_ON_CLIENT_HELLO") {
            return .refused("the server and this client have no way of encrypting in common")
        }
        if has("TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME") {
            return .refused("the server does not know the name that it was asked for")
        }
        if String(describing: error).contains("EOF during handshake") {
            return .lost("the server closed the connection during the TLS handshake")
        }
        let words = reasons.first.map { ": " + $0.lowercased().replacing("_", with: " ") } ?? ""
        return .refused("no TLS connection can be made\(words)")
    }

    private static let unknownAuthority =
        "the server's certificate is signed by an authority that this machine does not know"

    /// The names that BoringSSL has for what went wrong, `CERTIFICATE_VERIFY_FAILED`.
    private static func reasons(_ error: any Error) -> [String] {
        guard error is NIOSSLError || error is BoringSSLError else { return [] }
        return String(describing: error).matches(of: #/:([A-Z][A-Z0-9_]+) at /#).map { String($0.1) }
    }

    /// Makes a connection that only looks at the certificate, and says why it is not accepted.
    ///
    /// - Returns: nil if it could not be looked at.
    static func describe(_ url: ServerURL, within limit: Duration) async -> String? {
        do {
            let configuration = unchecked
            let context = try NIOSSLContext(configuration: configuration)
            let name = IPAddress(url.host) == nil ? url.host : nil
            let host = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            let seen = loop.makePromise(of: [NIOSSLCertificate].self)
            let timer = loop.scheduleTask(in: TimeAmount(limit)) {
                seen.fail(ChannelError.connectTimeout(TimeAmount(limit)))
            }
            let channel = ClientBootstrap(group: loop).connectTimeout(TimeAmount(limit)).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(
                        context: context, serverHostname: name,
                        customVerificationCallback: { certificates, verdict in
                            seen.succeed(certificates)
                            verdict.succeed(.failed)
                        })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }.connect(host: host, port: url.port)
            channel.whenFailure { seen.fail($0) }
            channel.whenSuccess { $0.closeFuture.whenComplete { _ in seen.fail(ChannelError.eof) } }
            defer { channel.whenSuccess { $0.close(promise: nil) } }
            let chain = try await seen.futureResult.get()
            timer.cancel()
            return chain.first.map { words($0, isAlone: chain.count == 1) }
        } catch {
            // The first error is told as it is.
            return nil
        }
    }

    private static var unchecked: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        // The callback needs the chain; it never lets anything be sent.
        configuration.certificateVerification = .noHostnameVerification
        return configuration
    }

    private static func words(_ certificate: NIOSSLCertificate, isAlone: Bool) -> String {
        let now = Timestamp.now()
        let (first, last) = (
            Timestamp(seconds: certificate.notValidBefore), Timestamp(seconds: certificate.notValidAfter)
        )
        if last.milliseconds < now.milliseconds { return "the server's certificate expired on \(last.day)" }
        if first.milliseconds > now.milliseconds {
            return
                "the server's certificate is valid only from \(first.day) on (is the clock of this machine right?)"
        }
        // One that cannot be written as bytes again has names that nobody can compare.
        if isAlone, let der = try? certificate.toDERBytes(), CertificateNames(der)?.isSelfSigned == true {
            return "the server has a self-signed certificate, which this machine does not trust"
        }
        return unknownAuthority
    }
}

/// Who a certificate is of, and by whom (RFC 5280 §4.1), as the bytes that the names have.
struct CertificateNames {
    let issuer: ArraySlice<UInt8>
    let subject: ArraySlice<UInt8>

    var isSelfSigned: Bool { issuer.elementsEqual(subject) }

    init?(_ der: [UInt8]) {
        var outer = DER(rest: der[...])
        guard let certificate = outer.next(), var reader = Optional(DER(rest: certificate.content)),
            let signed = reader.next()
        else { return nil }
        var fields = DER(rest: signed.content)
        guard var field = fields.next() else { return nil }
        // [0] EXPLICIT version is left out for version 1.
        if field.tag == 0xa0 {
            guard let serial = fields.next() else { return nil }
            field = serial
        }
        guard fields.next() != nil, let issuer = fields.next(), fields.next() != nil, let subject = fields.next() else {
            return nil
        }
        self.issuer = issuer.content
        self.subject = subject.content
    }

    /// Reads values of ITU-T X.690.
    private struct DER {
        var rest: ArraySlice<UInt8>

        mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
            guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
            var length = Int(first)
            if first >= 0x80 {
                let count = Int(first & 0x7f)
                guard (1...4).contains(count), count <= rest.count else { return nil }
                length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(count)
            }
            guard length <= rest.count else { return nil }
            defer { rest = rest.dropFirst(length) }
            return (tag, rest.prefix(length))
        }
    }
}
