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
    /// They may since nobody but this machine gets here: what is asked of another host is none of theirs.
    public var isForThisMachine = false
    /// The hosts for which requests count, of any port unless they state one; nil for any. A signature is of one host, and
    /// so cannot be shown to another server then.
    public var hosts: Set<String>?
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
        guard let claim = try claim(request, target: target) else { return nil }
        return try await BlockingIO.reading.runIfActive { try user(by: claim) }
    }

    /// Who makes such a claim, and what he may do, as tokens, keys and users are now: they are read anew each time, so that what is taken
    /// away counts no more. Waits for the disk.
    ///
    /// - Throws: as above.
    func user(by claim: Claim) throws -> User {
        let known = try users.map { try UsersFile($0) }
        let name: String
        switch claim.proof {
        case .token(let token):
            guard let found = try known?.user(token: token) ?? tokens.flatMap({ try TokensFile($0).user(token: token) })
            else { throw RequestError(.unauthorized, "UnauthorizedError", "the token is not known") }
            name = found
        case .signature(let signature):
            let known = known?.users[signature.user]?.keys ?? []  // who is not there has none there
            try signature.check(known + (keys.map { try signature.keys(in: $0) } ?? []), takesDateAlone)
            name = signature.user
        }
        return User(name: name, scope: known.map { $0.users[name]?.scope } ?? .admin, claim: claim)
    }

    /// Who one says that he is, and what he shows for it.
    ///
    /// - Throws: `UnauthorizedError` for what cannot prove anything.
    private func claim(_ request: HTTPRequest, target: String) throws(RequestError) -> Claim? {
        guard isPossible, let field = request.headerFields[.authorization] else { return nil }
        if let token = try Authentication.token(of: field, reading: request.method == .get || request.method == .head) {
            return Claim(proof: .token(token))
        }
        guard keys != nil || users != nil else {
            throw RequestError(.unauthorized, "UnauthorizedError", "this server takes tokens, not signatures")
        }
        return try SignatureCheck(takesDateAlone: takesDateAlone).claim(request, target: target)
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
        if let tokens { _ = try TokensFile(tokens) }
        if let keys {
            guard try HostFile.exists(keys) else {
                throw Failure(.configError, "there is no folder of keys \"\(keys)\"")
            }
            for user in try HostFile.names(in: keys).compactMap(SignatureClaim.user(ofKeys:)) {
                _ = try SignatureClaim.keys(of: user, in: keys)
            }
        }
    }
}
