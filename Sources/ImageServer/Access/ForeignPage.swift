import HTTPTypes
import Transport

/// Requests that a page of somebody else has a browser send. Where nobody need show who he is, they would count as those of whoever looks at
/// that page; where he must, a page does not know what there is to show.
enum ForeignPage {
    /// - Parameter isForThisMachine: nobody need show who he is since only this machine gets here. A page whose server gives its own name
    ///   an address of loopback is this machine, too, but for the name that it asks for.
    /// - Throws: `ForbiddenError`.
    static func check(_ request: HTTPTypes.HTTPRequest, isForThisMachine: Bool) throws(RequestError) {
        let fields = request.headerFields
        // Fetch Metadata; "none" is what a person typed.
        if let site = fields[.fetchSite], !["same-origin", "none"].contains(site.lowercased()) { throw refusal(site) }
        // RFC 6454, section 7; "null" is any page that does not say whose it is.
        if let origin = fields[.origin] {
            let start = origin.firstRange(of: "://")?.upperBound
            guard let start, origin[start...].lowercased() == request.authority?.lowercased() else {
                throw refusal(origin)
            }
        }
        // Where the names of the server are said, the request is for one of them.
        guard isForThisMachine, let authority = request.authority, !authority.isEmpty else { return }
        let host =
            authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        guard isOfThisMachine(host.lowercased()) else {
            throw RequestError(
                .forbidden, "ForbiddenError",
                "this server takes changes from anyone on this machine, which \"\(host.prefix(100))\" is not a name of: --writes anyone says that it has others"
            )
        }
    }

    /// What is below localhost is looked up nowhere (RFC 6761, section 6.3), and the others are those of a usual hosts(5).
    private static func isOfThisMachine(_ host: String) -> Bool {
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        return IPAddress.isLoopback(name) || name.hasSuffix(".localhost")
            || ["ip6-localhost", "ip6-loopback"].contains(name)
    }

    private static func refusal(_ origin: String) -> RequestError {
        RequestError(
            .forbidden, "ForbiddenError",
            "changes are not taken from a page of another site (\(origin.prefix(100))), without being shown who asks")
    }
}
