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
        exceptions = (value("no_proxy") ?? "").split { $0 == "," || $0.isWhitespace }.map { $0.lowercased() }
    }

    /// The proxy for a URL, or nil to go there directly. What is on this machine is not asked of another one: there the name means that
    /// one, and who believes that a request stays here would have shown the network what is in it.
    func proxy(for url: ServerURL) -> String? {
        guard !exempts(url), let proxy = url.scheme == "https" ? https : http else { return nil }
        // One that is no URL is told of when it is to be asked.
        if url.isLoopback, (try? ProxyAddress(proxy))?.url.isLoopback == false { return nil }
        return proxy
    }

    /// An entry of `no_proxy` is `*`; a host or an address, with or without port; or a network, `10.0.0.0/8`. A host stands
    /// for its subdomains too, with or without a dot in front. An address of IPv6 may be in brackets, and must be if a port
    /// follows.
    private func exempts(_ url: ServerURL) -> Bool {
        let address = IPAddress(url.host)
        let host = url.host.hasSuffix(".") ? url.host.dropLast() : url.host[...]
        return exceptions.contains { entry in
            if entry == "*" { return true }
            if let network = IPAddress.Network(entry) { return address.map(network.contains) ?? false }
            if let exempt = IPAddress(entry) { return exempt == address }
            var name = Substring(entry)
            if let colon = name.lastIndex(of: ":"), let port = Int(name[name.index(after: colon)...]) {
                guard port == url.port else { return false }
                name = name[..<colon]
                if let exempt = IPAddress(name) { return exempt == address }
            }
            if name.hasPrefix("*") { name = name.dropFirst() }
            if name.hasPrefix(".") { name = name.dropFirst() }
            if name.hasSuffix(".") { name = name.dropLast() }
            // What is asked for is an address: no part of it is a domain.
            guard address == nil else { return false }
            return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
        }
    }
}
