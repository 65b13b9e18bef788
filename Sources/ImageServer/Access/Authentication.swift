import Failure
import HTTPTypes
import Host
import ImageCatalog
import ImageModel
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
    /// A file that says what each user may do, and who he is. Without it every user may do anything; with it, one who is not in it
    /// nothing.
    public var users: FilePath?
    /// Reading, too, is for users alone.
    public var isPrivate = false
    /// A signature need cover no more than the date, as old clients make them. Who overhears one can then send other requests
    /// in its user's name, for five minutes.
    public var takesDateAlone = false

    public init(
        anonymous: Anonymous = .reads, keys: FilePath? = nil, tokens: FilePath? = nil, users: FilePath? = nil
    ) {
        self.anonymous = anonymous
        self.keys = keys
        self.tokens = tokens
        self.users = users
    }

    /// There is a way to show who one is.
    var isPossible: Bool { keys != nil || tokens != nil || users != nil }
}

extension Authentication {
    /// Who makes a request; nil where nobody says, or nobody can.
    ///
    /// - Throws: `UnauthorizedError` for what proves nothing; `ConfigError`, `UnsafeFile`, `FileSystemError`, `PermissionDenied` if
    ///   tokens, keys or users cannot be read.
    func user(_ request: HTTPRequest, target: String) async throws -> User? {
        guard isPossible, let field = request.headerFields[.authorization] else { return nil }
        // It is read anew each time, so that what is taken away counts no more.
        var known: UsersFile?
        if let users { known = try await BlockingIO.reading.runIfActive { try UsersFile(users) } }
        var user: User
        if let token = try Authentication.token(of: field, reading: request.method == .get || request.method == .head) {
            var name = known?.user(token: token)
            if name == nil { name = try await self.user(token: token) }
            guard let name else { throw RequestError(.unauthorized, "UnauthorizedError", "the token is not known") }
            user = User(name: name, scope: nil)
        } else {
            guard keys != nil || users != nil else {
                throw RequestError(.unauthorized, "UnauthorizedError", "this server takes tokens, not signatures")
            }
            let check = SignatureCheck(keys: keys, users: known?.users ?? [:], takesDateAlone: takesDateAlone)
            user = try await check.user(request, target: target)
        }
        user.scope = known.map { $0.users[user.name]?.scope } ?? .admin
        return user
    }

    /// The token that a field shows (RFC 6750); nil if it shows something else.
    ///
    /// A browser has only the password that it asks for (RFC 7617), whatever name goes with it. It sends that along with what a page of
    /// somebody else has it send, too: so it counts for reading alone.
    ///
    /// - Throws: `UnauthorizedError` for a password that is none.
    private static func token(of field: String, reading: Bool) throws(RequestError) -> String? {
        let kind = field.prefix { $0 != " " }.lowercased()
        let rest = field.dropFirst(kind.count).drop { $0 == " " }
        switch kind {
        case "bearer": return String(rest)
        case "basic" where reading:
            guard let bytes = Base64.bytes(String(rest)), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
                throw RequestError(.unauthorized, "UnauthorizedError", "the credentials are not NAME:TOKEN in base64")
            }
            return String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        case "basic":
            throw RequestError(
                .unauthorized, "UnauthorizedError",
                "a password counts for reading alone: changes take Bearer or a signature")
        default: return nil
        }
    }

    /// Whether tokens, keys and users can be read.
    ///
    /// - Throws: `ConfigError`, `UnsafeFile`, `FileSystemError`, `PermissionDenied`.
    public func check() throws {
        if let users { _ = try UsersFile(users) }
        if let tokens {
            for (place, line) in Authentication.lines(try read(tokens)).enumerated()
            where Authentication.entry(line) == nil && !Authentication.isComment(line) {
                throw Failure(
                    .configError, "cannot use \"\(tokens)\": line \(place + 1) is not a user and a token",
                    hint: "a line is USER TOKEN; # begins a comment")
            }
        }
        if let keys {
            guard try HostFile.exists(keys) else {
                throw Failure(.configError, "there is no folder of keys \"\(keys)\"")
            }
            _ = try HostFile.names(in: keys)
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [Substring] {
        String(decoding: bytes, as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    private static func isComment(_ line: Substring) -> Bool {
        let text = line.drop { $0 == " " || $0 == "\t" }
        return text.isEmpty || text.hasPrefix("#")
    }

    /// The user and the token of a line; nil where there are none.
    private static func entry(_ line: Substring) -> (user: Substring, token: Substring)? {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        return words.count == 2 && !words[0].hasPrefix("#") ? (words[0], words[1]) : nil
    }

    /// The tokens are read anew each time, so that one that is taken away counts no more.
    private func user(token: String) async throws -> String? {
        guard let tokens else { return nil }
        return try await BlockingIO.reading.runIfActive {
            var found: String?
            for line in Authentication.lines(try read(tokens)) {
                guard let entry = Authentication.entry(line) else { continue }
                // Every token is compared whole, so that the time tells nothing.
                if Authentication.isSame(entry.token.utf8, token.utf8) { found = String(entry.user) }
            }
            return found
        }
    }

    private func read(_ tokens: FilePath) throws -> [UInt8] {
        guard let bytes = try HostFile.read(tokens, limit: 1 << 20, guarded: .fromWriting) else {
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
    /// What he may do; nil if nothing.
    var scope: Scope?
    /// What he signed that the body is; nil where he vouches for whatever comes.
    var bodyDigest: BodyDigest?
}
