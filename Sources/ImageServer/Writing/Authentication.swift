import Failure
import HTTPTypes
import Host
import ImageCatalog
import NIOPosix
public import SystemPackage

/// Who may do what.
public struct Authentication: Sendable, Hashable {
    /// What one who has not shown who he is may do, beside reading.
    public enum Anonymous: Sendable, Hashable { case reads, writes }

    public var anonymous: Anonymous
    /// The folder of public keys, `USER.keys` each (imgapi.md, section 8).
    public var keys: FilePath?
    /// A file of tokens: a user and a token a line.
    public var tokens: FilePath?
    /// A signature need cover no more than the date, as old clients make them. Who overhears one can then send other requests
    /// in its user's name, for five minutes.
    public var takesDateAlone = false

    public init(anonymous: Anonymous = .reads, keys: FilePath? = nil, tokens: FilePath? = nil) {
        self.anonymous = anonymous
        self.keys = keys
        self.tokens = tokens
    }

    /// There is a way to show who one is.
    var isPossible: Bool { keys != nil || tokens != nil }
}

extension Authentication {
    /// Who makes a request; nil where nobody says, or nobody can.
    ///
    /// - Throws: `UnauthorizedError` for what proves nothing; `FileSystemError`, `PermissionDenied` if tokens or keys cannot be
    ///   read.
    func user(_ request: HTTPRequest, target: String) async throws -> User? {
        guard isPossible, let field = request.headerFields[.authorization] else { return nil }
        if field.lowercased().hasPrefix("bearer ") {
            guard let name = try await user(token: String(field.dropFirst(7))) else {
                throw RequestError(.unauthorized, "UnauthorizedError", "the token is not known")
            }
            return User(name: name)
        }
        guard let keys else {
            throw RequestError(.unauthorized, "UnauthorizedError", "this server takes tokens, not signatures")
        }
        return try await SignatureCheck(keys: keys, takesDateAlone: takesDateAlone).user(request, target: target)
    }

    /// Whether tokens and keys can be read.
    ///
    /// - Throws: `ConfigError`, `FileSystemError`, `PermissionDenied`.
    public func check() throws {
        if let tokens { _ = try read(tokens) }
        if let keys { _ = try HostFile.names(in: keys) }
    }

    /// The tokens are read anew each time, so that one that is taken away counts no more.
    private func user(token: String) async throws -> String? {
        guard let tokens else { return nil }
        return try await BlockingIO.reading.runIfActive {
            var found: String?
            for line in String(decoding: try read(tokens), as: UTF8.self).split(whereSeparator: \.isNewline) {
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
                guard words.count == 2, !words[0].hasPrefix("#") else { continue }
                // Every token is compared whole, so that the time tells nothing.
                if Authentication.isSame(words[1].utf8, token.utf8) { found = String(words[0]) }
            }
            return found
        }
    }

    private func read(_ tokens: FilePath) throws -> [UInt8] {
        guard let bytes = try HostFile.read(tokens, limit: 1 << 20, from: .setUp) else {
            throw Failure(.configError, "there is no file of tokens \"\(tokens)\"")
        }
        return bytes
    }

    private static func isSame(_ one: Substring.UTF8View, _ other: String.UTF8View) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Who has shown who he is.
struct User: Sendable {
    let name: String
    /// What he signed that the body is; nil where he vouches for whatever comes.
    var bodyDigest: BodyDigest?
}
