import Failure

/// A proxy as the environment names it: `[http[s]://][USER[:PASSWORD]@]HOST[:PORT]`.
struct ProxyAddress: Sendable {
    let url: ServerURL
    let user: String?
    let password: String

    /// - Throws: `ConnectionError`, without the password in its text.
    init(_ text: String) throws(Failure) {
        var rest = text
        var credentials: (user: String, password: String)?
        let authority = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let end = text[authority...].firstIndex(of: "/") ?? text.endIndex
        if let at = text[authority..<end].lastIndex(of: "@") {
            let parts = text[authority..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            credentials = (
                URLEncoding.decoded(String(parts[0])), parts.count > 1 ? URLEncoding.decoded(String(parts[1])) : ""
            )
            rest.removeSubrange(authority...at)
        }
        user = credentials?.user
        password = credentials?.password ?? ""
        do {
            url = try ServerURL(rest)
        } catch {
            throw Failure(.connectionError, "the proxy that the environment names cannot be used", cause: error)
        }
    }

    /// A tunnel to a TLS server is asked for in clear text, so that it is no way to a proxy that wants TLS itself:
    /// AsyncHTTPClient 1.37.0 knows no TLS within TLS.
    ///
    /// - Throws: `ConnectionError` for such a proxy.
    func checkTunnel(for request: HTTPRequest) throws(ConnectionError) {
        guard request.url.lowercased().hasPrefix("https://"), self.url.scheme == "https" else { return }
        throw ConnectionError(
            .refused("the proxy \(self.url) is to be reached by TLS, which is supported for http:// servers alone"),
            "request to \(request.shownURL) failed",
            hint: "name a proxy that is reached by http:// in https_proxy, or add the server to no_proxy")
    }
}
