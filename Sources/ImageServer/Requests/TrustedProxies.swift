import Transport

/// The proxies before the server, whose word counts for where a request comes from. What anybody else says of that may be anything.
public struct TrustedProxies: Sendable {
    private let networks: [IPAddress.Network]

    /// None.
    public init() { networks = [] }

    /// - Parameter text: addresses, or networks of the form `ADDRESS/BITS`, parted by commas, with or without blanks. Nil if one is neither.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmingBlanks)
        let networks = parts.compactMap { part -> IPAddress.Network? in
            // That of a zone is meant there alone, and addresses are compared without.
            guard !part.contains("%") else { return nil }
            return IPAddress.Network(part) ?? IPAddress(part).map { IPAddress.Network($0) }
        }
        guard networks.count == parts.count else { return nil }
        self.networks = networks
    }

    /// For whom a proxy made a request.
    ///
    /// Each proxy adds at the end whom it was asked by, behind whatever came with the request: so the last that is none of ours counts.
    ///
    /// - Parameters:
    ///   - peer: from where the connection comes.
    ///   - forwarded: the values of `X-Forwarded-For`, in their order, parted by commas.
    /// - Returns: nil where the connection comes from no proxy, or that says no address.
    func client(behind peer: IPAddress?, forwarded: String?) -> IPAddress? {
        guard let peer, let forwarded, contains(peer) else { return nil }
        var found: IPAddress?
        for entry in forwarded.split(separator: ",", omittingEmptySubsequences: false).reversed() {
            guard let address = Self.address(entry.trimmingBlanks) else { return found }
            found = address
            guard contains(address) else { break }
        }
        return found
    }

    /// That of an entry, which some proxies write with the port: `192.0.2.1:567`, `[2001:db8::1]:567`.
    private static func address(_ entry: Substring) -> IPAddress? {
        if let address = IPAddress(entry) { return address }
        guard let colon = entry.lastIndex(of: ":") else { return nil }
        let (host, port) = (entry[..<colon], entry[entry.index(after: colon)...])
        guard UInt16(port).map({ "\($0)" == port }) ?? false else { return nil }
        // Without brackets, what is before the last colon of an address of IPv6 may be one, too.
        return host.hasPrefix("[") || !host.contains(":") ? IPAddress(host) : nil
    }

    private func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }
}
