public import Failure

/// The URL of a server, checked and in the one form in which two of them can be compared: scheme filled in, host in
/// lower case, a default port and a trailing `/` dropped (cli.md §3, sources).
public struct ServerURL: Sendable, Hashable, CustomStringConvertible {
    public let scheme: String
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    public let host: String
    public let port: Int
    /// Empty, or begins with `/` and does not end in one.
    public let path: String
    /// `key=value` pairs behind the `?`, as they stand.
    public let query: [(name: String, value: String)]

    /// - Parameters:
    ///   - longest: bytes that it may have; the default is for what people type.
    ///   - schemes: those that it may have, the first where it names none. What is not `http` is reached by TLS.
    /// - Throws: `InvalidSource`.
    public init(
        _ text: String, longest: Int = NetworkLimits.typedURL, schemes: [String] = ["http", "https"]
    ) throws(Failure) {
        func bad(_ why: String) -> Failure {
            Failure(.invalidSource, "\"\(URLCredentials.hidden(in: text))\" is not a valid URL: \(why)")
        }
        guard !text.isEmpty else { throw bad("it is empty") }
        guard text.utf8.count <= longest else {
            throw Failure(
                .invalidSource,
                "\"\(URLCredentials.hidden(in: text).prefix(100))…\" is not a valid URL: it is longer than \(longest) bytes"
            )
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !#""<>\^`{|}"#.utf8.contains($0) }) else {
            throw bad("it has a blank or a character that a URL cannot have")
        }
        var rest = Substring(text)
        if let range = rest.firstRange(of: "://") {
            scheme = rest[..<range.lowerBound].lowercased()
            rest = rest[range.upperBound...]
        } else {
            scheme = schemes.first ?? "http"
            // It would be a host of that name.
            for scheme in ["http", "https"] where rest.lowercased().hasPrefix("\(scheme):/") {
                throw bad("\"\(scheme):\" is followed by two slashes")
            }
        }
        guard schemes.contains(scheme) else { throw bad("its scheme is not \(schemes.joined(separator: " or "))") }
        if let hash = rest.firstIndex(of: "#") { rest = rest[..<hash] }
        var query: [(String, String)] = []
        if let mark = rest.firstIndex(of: "?") {
            for pair in rest[rest.index(after: mark)...].split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                query.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : ""))
            }
            rest = rest[..<mark]
        }
        self.query = query
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        var path = rest[slash...]
        while path.hasSuffix("/") { path = path.dropLast() }
        self.path = String(path)
        guard !authority.contains("@") else { throw bad("credentials in a URL are not supported") }
        let (host, port) = try ServerURL.split(authority, bad)
        self.host = host
        self.port = port ?? ServerURL.port(of: scheme)
    }

    private static func split(
        _ authority: Substring, _ bad: (String) -> Failure
    ) throws(Failure) -> (host: String, port: Int?) {
        let hostEnd: Substring.Index
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { throw bad("its IPv6 address has no end") }
            hostEnd = authority.index(after: close)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let host = authority[..<hostEnd].lowercased()
        guard !host.isEmpty, host.utf8.allSatisfy({ !",;!$&'()*+=%".utf8.contains($0) }) else {
            throw bad("it names no host")
        }
        let tail = authority[hostEnd...]
        if tail.isEmpty || tail == ":" { return (host, nil) }
        guard tail.hasPrefix(":"), let port = Int(tail.dropFirst()), (1...65535).contains(port),
            tail.dropFirst().allSatisfy(\.isNumber)
        else { throw bad("its port is no number from 1 to 65535") }
        return (host, port)
    }

    /// Scheme, host and the port if it is not the default one.
    public var origin: String { "\(scheme)://\(authority)" }

    /// Host, and port if it is not the default one, as `Host` has it (RFC 9110 §7.2).
    public var authority: String { host + (port == ServerURL.port(of: scheme) ? "" : ":\(port)") }

    private static func port(of scheme: String) -> Int { scheme == "http" ? 80 : 443 }

    /// Origin and path, without the query.
    public var base: String { origin + path }

    public var description: String {
        let pairs = query.map { $0.value.isEmpty ? $0.name : "\($0.name)=\($0.value)" }
        return base + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
    }

    /// The value of a parameter.
    ///
    /// - Throws: `InvalidSource` if it is given more than once: one of the values would count for nothing.
    public func value(of name: String) throws(Failure) -> String? {
        let values = query.filter { $0.name == name }.map(\.value)
        guard values.count <= 1 else {
            throw Failure(.invalidSource, "\"\(self)\" is not a valid URL: it has \(name)= more than once")
        }
        return values.first
    }

    /// The host is this machine, by its loopback name or address.
    public var isLoopback: Bool { IPAddress.isLoopback(host) }

    public static func == (a: ServerURL, b: ServerURL) -> Bool { a.description == b.description }
    public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
