import HTTPTypes

/// The `Host` of a request (RFC 9112, section 3.2): one, and nothing but a host and a port.
public enum HostHeader {
    /// - Parameter hosts: those of this server; nil for any.
    /// - Throws: `InvalidHeader` if there is none, more than one, or one that is none; `MisdirectedRequest`.
    static func check(_ request: HTTPRequest, of hosts: Set<String>?) throws(RequestError) {
        // The first is no header field to the library, but the authority.
        guard let host = request.authority else { throw fault("the request has no Host header") }
        guard HTTPField.Name("Host").flatMap({ request.headerFields[$0] }) == nil else {
            throw fault("the request has more than one Host header")
        }
        guard isHost(host) else { throw fault("the Host header is not of the form HOST[:PORT]") }
        guard let hosts, !hosts.contains(canonical(host)), !hosts.contains(withoutPort(canonical(host))) else { return }
        throw RequestError(
            .misdirectedRequest, "MisdirectedRequest", "\"\(host.prefix(200))\" is none of the names of this server")
    }

    /// Hosts parted by commas, each of any port unless it states one; nil for what is no such list.
    public static func list(_ text: String) -> Set<String>? {
        let hosts = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0.trimmingBlanks) }
        guard hosts.allSatisfy({ !$0.isEmpty && $0.utf8.first != UInt8(ascii: ":") && isHost($0) }) else { return nil }
        return Set(hosts.map(canonical))
    }

    private static func withoutPort(_ host: String) -> String {
        guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return host }
        return String(host[..<colon])
    }

    /// Names have no case, and the usual ports need not be said.
    private static func canonical(_ host: String) -> String {
        let host = host.lowercased()
        let usual = [":80", ":443"].first(where: host.hasSuffix)
        return usual.map { String(host.dropLast($0.count)) } ?? host
    }

    private static func fault(_ why: String) -> RequestError { RequestError(.badRequest, "InvalidHeader", why) }

    /// RFC 3986, section 3.2.2, and an optional port; empty for a target without a host. `_` stands in names of containers.
    static func isHost(_ text: String) -> Bool {
        var host = text.utf8[...]
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
            guard host[..<end].dropFirst().allSatisfy({ isUnreserved($0) || $0 == UInt8(ascii: ":") }) else {
                return false
            }
            host = host[host.index(after: end)...]
        } else {
            host = host.drop { isUnreserved($0) || "%!$&'()*+,;=".utf8.contains($0) }
        }
        guard let colon = host.first else { return true }
        return colon == UInt8(ascii: ":") && host.dropFirst().allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
