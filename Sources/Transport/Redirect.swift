/// Where an answer sends us (RFC 9110 §15.4).
enum Redirect {
    static let longestChain = 5
    private static let statuses: Set<Int> = [301, 302, 303, 307, 308]

    /// The request to send next, or nil if the answer is no redirect. Credentials do not follow to another origin, and
    /// nothing follows from https to http. What changes something is sent to another server by none.
    ///
    /// - Throws: `ConnectionError`.
    static func next(after response: HTTPResponse, to request: HTTPRequest) throws -> HTTPRequest? {
        guard statuses.contains(response.status), let location = response.headers["location"] else { return nil }
        func refusal(_ why: String) -> ConnectionError {
            ConnectionError(.refused(why), "request to \(request.shownURL) failed")
        }
        let from = try ServerURL(request.url, longest: NetworkLimits.namedURL)
        let target = resolve(location, request.url, from)
        let to: ServerURL
        do {
            to = try ServerURL(target, longest: NetworkLimits.namedURL)
        } catch {
            throw refusal("it is redirected to something that is no URL")
        }
        guard to.scheme == from.scheme || to.scheme == "https" else {
            throw refusal("it is redirected from https to http")
        }
        let isReading = ["GET", "HEAD"].contains(request.method)
        let isSameHost =
            to.origin == from.origin || to.host == from.host && from.scheme == "http" && to.scheme == "https"
        // After a change, another page tells what has come of it (303): the change is not asked for again.
        guard isReading || isSameHost && response.status != 303 else { return nil }
        var next = request
        next.url = target
        next.namedBy = request.url
        if to.origin != from.origin {
            // Where we are sent may have been told what the other one was shown.
            next.secrets += ShownSecrets.texts(in: request)
            next.headers.removeAll { ["authorization", "cookie"].contains($0.name.lowercased()) }
        }
        return next
    }

    /// RFC 3986 §5.2. What servers leave unescaped is escaped.
    static func resolve(_ location: String, _ url: String, _ from: ServerURL) -> String {
        let location = escaped(location)
        if hasScheme(location) { return location }
        if location.hasPrefix("//") { return "\(from.scheme):\(location)" }
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let slash = url[start...].firstIndex { "/?#".contains($0) } ?? url.endIndex
        let path = url[slash...].prefix { $0 != "?" && $0 != "#" }
        if location.isEmpty || location.hasPrefix("?") || location.hasPrefix("#") {
            return from.origin + path + location
        }
        if location.hasPrefix("/") { return from.origin + withoutDots(location) }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
        return from.origin + withoutDots(folder + location)
    }

    private static func hasScheme(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":"), text.first?.isLetter == true else { return false }
        return text[..<colon].utf8.allSatisfy {
            Unicode.Scalar($0).properties.isAlphabetic && $0 < 0x80 || "0123456789+-.".utf8.contains($0)
        }
    }

    /// RFC 3986 §5.2.4, for a path that begins with `/`; what follows it stays as it is.
    private static func withoutDots(_ text: String) -> String {
        let end = text.firstIndex { $0 == "?" || $0 == "#" } ?? text.endIndex
        let segments = text[..<end].split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard segments.contains(where: { $0 == "." || $0 == ".." }) else { return text }
        var kept: [Substring] = []
        for (place, segment) in zip(segments.indices, segments) {
            let isDots = segment == "." || segment == ".."
            if segment == "..", !kept.isEmpty { kept.removeLast() }
            if !isDots { kept.append(segment) }
            if isDots, place == segments.indices.last { kept.append("") }
        }
        return "/" + kept.joined(separator: "/") + text[end...]
    }

    /// Characters that a URL cannot have are escaped, blanks around it dropped, and so is what stands behind a `#`.
    private static func escaped(_ text: String) -> String {
        let bytes = Array(text.utf8.drop { $0 <= 0x20 }.prefix { $0 != UInt8(ascii: "#") })
        let end = (bytes.lastIndex { $0 > 0x20 } ?? -1) + 1
        func isHex(_ place: Int) -> Bool {
            place < end && Unicode.Scalar(bytes[place]).properties.isASCIIHexDigit
        }
        var result: [UInt8] = []
        result.reserveCapacity(end)
        for place in 0..<end {
            let byte = bytes[place]
            let isEscape = byte == UInt8(ascii: "%") && isHex(place + 1) && isHex(place + 2)
            let isPlain = byte > 0x20 && byte < 0x7f && !#""<>\^`{|}%"#.utf8.contains(byte)
            if isEscape || isPlain {
                result.append(byte)
            } else {
                let digits = Array("0123456789ABCDEF".utf8)
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
