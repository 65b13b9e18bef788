public import Failure

/// The name of an image in a registry: `[HOST[:PORT]/]REPO[:TAG][@DIGEST]` (docker.md, "References"; the grammar is that of
/// OCI distribution-spec, "Pulling manifests").
public struct DockerReference: Sendable, Hashable, CustomStringConvertible {
    /// The registry, with its port; `docker.io` where none was named.
    public let host: String
    /// The name within the registry; one word of docker.io has `library/` before it.
    public let repository: String
    /// Nil where there is a digest.
    public let tag: String?
    public let digest: ContentDigest?
    /// A registry was named.
    public let namesHost: Bool
    /// The `library/` of the repository was not named.
    private let impliesLibrary: Bool

    public static let dockerHub = "docker.io"

    /// - Throws: `InvalidReference`.
    public init(_ text: String) throws(Failure) {
        func bad(_ why: String) -> Failure {
            Failure(
                .invalidReference,
                "\"\(URLCredentials.hidden(inReference: text).prefix(200))\" is not a valid docker reference: \(why)",
                hint: "the form is [HOST[:PORT]/]REPO[:TAG|@DIGEST]")
        }
        guard text.utf8.count <= 1024, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw bad("it is too long, or has a character that none has")
        }
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            guard let digest = ContentDigest(rest[rest.index(after: at)...]) else {
                throw bad("its digest is not sha256 or sha512 with all its digits")
            }
            self.digest = digest
            rest = rest[..<at]
        } else {
            digest = nil
        }
        let first = rest.prefix { $0 != "/" }
        if first.endIndex != rest.endIndex, DockerReference.isHost(first) {
            guard DockerReference.isValidHost(first) else { throw bad("its registry is no host") }
            let named = first.lowercased()
            host = ["index.docker.io", "registry-1.docker.io"].contains(named) ? DockerReference.dockerHub : named
            namesHost = true
            rest = rest[first.endIndex...].dropFirst()
        } else {
            host = DockerReference.dockerHub
            namesHost = false
        }
        if let colon = rest.lastIndex(of: ":") {
            let tag = rest[rest.index(after: colon)...]
            guard DockerReference.isValidTag(tag) else { throw bad("its tag is no tag") }
            self.tag = digest == nil ? String(tag) : nil
            rest = rest[..<colon]
        } else {
            tag = digest == nil ? "latest" : nil
        }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        impliesLibrary = host == DockerReference.dockerHub && parts.count == 1
        repository = impliesLibrary ? "library/\(rest)" : String(rest)
        guard !rest.isEmpty, repository.utf8.count <= 255, parts.allSatisfy(DockerReference.isValidComponent) else {
            throw bad("its repository is no name in lower case")
        }
    }

    /// Another tag or digest of the same repository at the same registry.
    private init(_ other: DockerReference, host: String, repository: String) {
        self.host = host
        self.repository = repository
        tag = other.tag
        digest = other.digest
        namesHost = true
        impliesLibrary = false
    }

    /// The same name at another registry, for one that named none: `debian` is `debian` there, `library/debian` stays so.
    public func at(host: String) -> DockerReference {
        guard !namesHost, host != DockerReference.dockerHub else { return self }
        return DockerReference(
            self, host: host, repository: impliesLibrary ? String(repository.dropFirst("library/".count)) : repository)
    }

    /// `HOST/REPO`.
    public var canonicalName: String { "\(host)/\(repository)" }

    /// How people call the repository here: without `docker.io/` and `library/`, otherwise with its host.
    public var localName: String {
        guard host == DockerReference.dockerHub else { return canonicalName }
        return repository.hasPrefix("library/") ? String(repository.dropFirst(8)) : repository
    }

    /// How people call the image here: the local name with its tag or digest.
    public var localDescription: String { localName + (digest.map { "@\($0)" } ?? ":\(tag ?? "latest")") }

    /// What a registry is asked for: the digest, or else the tag.
    public var target: String { digest?.description ?? tag ?? "latest" }

    public var description: String { canonicalName + (digest.map { "@\($0)" } ?? ":\(tag ?? "latest")") }

    /// The first part of a reference is a host if it looks like one.
    private static func isHost(_ part: Substring) -> Bool {
        part.contains(".") || part.contains(":") || part == "localhost"
    }

    private static func isValidHost(_ part: Substring) -> Bool {
        var name = part
        if name.hasPrefix("[") {
            guard let close = name.firstIndex(of: "]") else { return false }
            let address = name[name.index(after: name.startIndex)..<close]
            guard !address.isEmpty, address.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                return false
            }
            name = name[name.index(after: close)...]
            return name.isEmpty || name.first == ":" && isPort(name.dropFirst())
        }
        if let colon = name.firstIndex(of: ":") {
            guard isPort(name[name.index(after: colon)...]) else { return false }
            name = name[..<colon]
        }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { isLower($0 | 0x20) || isDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.allSatisfy(isDigit) && Int(text).map { (1...65535).contains($0) } ?? false
    }

    private static func isValidTag(_ tag: Substring) -> Bool {
        guard let first = tag.utf8.first, tag.utf8.count <= 128, first != UInt8(ascii: "."), first != UInt8(ascii: "-")
        else { return false }
        return tag.utf8.allSatisfy { isLower($0 | 0x20) || isDigit($0) || "_.-".utf8.contains($0) }
    }

    /// Lower-case letters and digits, with single `.`, one or two `_`, or any number of `-` between them.
    private static func isValidComponent(_ part: Substring) -> Bool {
        var separator = ""
        var isAfterWord = false
        for byte in part.utf8 {
            if isLower(byte) || isDigit(byte) {
                guard separator.isEmpty || isAfterWord && isSeparator(separator) else { return false }
                separator = ""
                isAfterWord = true
            } else {
                separator.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return isAfterWord && separator.isEmpty
    }

    private static func isSeparator(_ text: String) -> Bool {
        text == "." || text == "_" || text == "__" || text.allSatisfy { $0 == "-" }
    }

    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
