import Crypto
import Failure
import Host
import ImageModel
public import SystemPackage
import Time
import Transport

/// Signs requests by the key of a user (imgapi.md, section 8: HTTP signatures; draft-cavage-http-signatures-12).
public struct RequestSigner: Sendable {
    private let user: String
    private let key: SigningKey

    /// Reads a key: a private one of RSA, of the curves P-256, P-384 or P-521, or Ed25519, as PEM or in OpenSSH's form; or a public one,
    /// or a private one with a passphrase in OpenSSH's form, for which an ssh-agent signs.
    ///
    /// - Parameters:
    ///   - agent: the path of the agent's socket, if there is one.
    ///   - waiting: is told when the agent lets wait, since it asks somebody, or hangs.
    /// - Throws: `Usage` for a user name that no header may have, or a key that cannot be used.
    public init(user: String, keyFile: FilePath, agent: String?, waiting: @escaping @Sendable () -> Void) throws {
        guard !user.isEmpty, user.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") }) else {
            throw Failure(.usage, "\"\(user)\" is no user name that can sign requests")
        }
        guard let bytes = try HostFile.read(keyFile, limit: 1 << 20, from: .setUp) else {
            throw Failure(.usage, "key file does not exist: \"\(keyFile)\"")
        }
        self.user = user
        key = try RequestSigner.key(
            String(decoding: bytes, as: UTF8.self), keyFile,
            agent.flatMap { $0.isEmpty ? nil : SSHAgent(socket: $0, waiting: waiting) })
    }

    private static func key(_ text: String, _ file: FilePath, _ agent: SSHAgent?) throws(Failure) -> SigningKey {
        func agentKey(_ key: SSHPublicKey, _ what: String) throws(Failure) -> SigningKey {
            guard let agent else {
                throw Failure(
                    .usage, "\(what), and there is no ssh-agent to sign by it",
                    hint: "start one (eval $(ssh-agent)) and give it the key (ssh-add); SSH_AUTH_SOCK says where it is")
            }
            return .agent(agent, key)
        }
        func unusable(_ why: String) -> Failure {
            Failure(
                .usage, "\"\(file)\" is no private key that can be used: \(why)",
                hint: "ssh-keygen -t ed25519 makes one; ECDSA, and RSA of 2048 bits or more, do as well")
        }
        if text.contains(OpenSSHKey.head) {
            let key: OpenSSHKey
            do {
                key = try OpenSSHKey(text)
            } catch {
                throw unusable(error.description)
            }
            switch key {
            case .open(let key): return key
            case .locked(let open): return try agentKey(open, "the key \"\(file)\" has a passphrase")
            }
        }
        if let open = text.split(whereSeparator: \.isNewline).lazy.compactMap({ SSHPublicKey(line: $0) }).first {
            return try agentKey(open, "\"\(file)\" is a public key")
        }
        if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
            throw Failure(
                .usage, "the key \"\(file)\" has a passphrase, and this form of it does not say whose key it is",
                hint:
                    "give it to ssh-agent (ssh-add \(file)), and name the file of its public half (ssh-keygen -y) here")
        }
        guard let key = SigningKey(pem: text) else {
            throw unusable("it is neither PEM nor OpenSSH's form of such a key")
        }
        return key
    }

    /// What a signature covers.
    enum Coverage {
        /// Method, target, host and date, and the body where it is at hand; a file that is streamed has its SHA-1 in the
        /// target.
        case request
        /// The date alone, which is all that servers of before know how to check.
        case date
    }

    /// The request, with the headers `Date` and `Authorization`, and `Digest` for a body at hand.
    func sign(_ request: HTTPRequest, covering coverage: Coverage) async throws -> HTTPRequest {
        var request = request
        let date = Timestamp.now().httpDate
        request.headers.append(("Date", date))
        var fields = [("date", date)]
        if coverage == .request {
            let origin = try ServerURL(request.url).origin
            let target = String(request.url.dropFirst(origin.count))
            fields = [
                ("(request-target)", "\(request.method.lowercased()) \(target)"),
                ("host", String(origin[(origin.firstRange(of: "://")?.upperBound ?? origin.startIndex)...])),
                ("date", date),
            ]
            if case .bytes(let bytes)? = request.body {
                let digest = "SHA-256=\(Base64.text(Array(SHA256.hash(data: bytes))))"
                request.headers.append(("Digest", digest))
                fields.append(("digest", digest))
            }
        }
        let text = fields.map { "\($0.0): \($0.1)" }.joined(separator: "\n")
        let signature = try await key.signature(of: Array(text.utf8))
        // Without a list of headers, it is the date.
        let list = coverage == .request ? "headers=\"\(fields.map(\.0).joined(separator: " "))\"," : ""
        request.headers.append(
            (
                "Authorization",
                "Signature keyId=\"\(user)\",algorithm=\"\(key.algorithm.rawValue)\",\(list)signature=\"\(Base64.text(signature))\""
            ))
        return request
    }
}
