import Failure

/// Where an answer sends us (RFC 9110 §15.4).
enum Redirect {
    static let longestChain = 5
    private static let statuses: Set<Int> = [301, 302, 303, 307, 308]

    /// The request to send next, or nil if the answer is no redirect. Credentials do not follow to another origin, and
    /// nothing follows from https to http.
    ///
    /// - Throws: `ConnectionError`.
    static func next(after response: HTTPResponse, to request: HTTPRequest) throws(Failure) -> HTTPRequest? {
        guard statuses.contains(response.status), let location = response.headers["location"] else { return nil }
        func refusal(_ why: String) -> Failure {
            Failure(.connectionError, "request to \(request.url) failed", cause: ConnectionTrouble.refused(why))
        }
        let from = try ServerURL(request.url)
        let target = resolve(location, request.url, from)
        let to: ServerURL
        do {
            to = try ServerURL(target)
        } catch {
            throw refusal("it is redirected to something that is no URL")
        }
        guard to.scheme == from.scheme || to.scheme == "https" else {
            throw refusal("it is redirected from https to http")
        }
        var next = request
        next.url = target
        if to.origin != from.origin {
            next.headers.removeAll { ["authorization", "cookie"].contains($0.name.lowercased()) }
        }
        return next
    }

    private static func resolve(_ location: String, _ url: String, _ from: ServerURL) -> String {
        if location.hasPrefix("//") { return "\(from.scheme):\(location)" }
        if location.contains("://") { return location }
        if location.hasPrefix("/") { return from.origin + location }
        let path = url.prefix { $0 != "?" && $0 != "#" }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? path
        return folder + location
    }
}
