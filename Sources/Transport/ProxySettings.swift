/// Which proxy a request goes through: `http_proxy`, `https_proxy`, `no_proxy`, in lower or upper case (the lower
/// wins), as curl reads them.
public struct ProxySettings: Sendable {
    var http: String?
    var https: String?
    var exceptions: [String] = []

    public init() {}

    public init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            [environment[name], environment[name.uppercased()]].compactMap(\.self).first { !$0.isEmpty }
        }
        http = value("http_proxy")
        https = value("https_proxy")
        exceptions = (value("no_proxy") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// The proxy for a URL, or nil to go there directly.
    func proxy(for url: ServerURL) -> String? {
        exempts(url) ? nil : (url.scheme == "https" ? https : http)
    }

    /// An entry of `no_proxy` is `*`, or a host with or without port; a host stands for its subdomains too, with or
    /// without a dot in front.
    private func exempts(_ url: ServerURL) -> Bool {
        exceptions.contains { entry in
            if entry == "*" { return true }
            var name = Substring(entry)
            if let colon = name.lastIndex(of: ":"), !name.hasPrefix("["),
                let port = Int(name[name.index(after: colon)...])
            {
                guard port == url.port else { return false }
                name = name[..<colon]
            }
            if name.hasPrefix("*") { name = name.dropFirst() }
            if name.hasPrefix(".") { name = name.dropFirst() }
            return !name.isEmpty && (url.host == name || url.host.hasSuffix(".\(name)"))
        }
    }
}
