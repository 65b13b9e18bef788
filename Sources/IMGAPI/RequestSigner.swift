import Crypto
import CryptoExtras
import Failure
import Host
import ImageModel
public import SystemPackage
import Time
import Transport

/// Signs requests by the key of a user (imgapi.md, section 8: HTTP signatures, `rsa-sha256`;
/// draft-cavage-http-signatures-12).
public struct RequestSigner: Sendable {
    private let user: String
    private let key: _RSA.Signing.PrivateKey

    /// Reads a private RSA key: PEM (PKCS #1 or #8), or OpenSSH's form without a passphrase.
    ///
    /// - Throws: `Usage` for a user name that no header may have, or a key that cannot be used.
    public init(user: String, keyFile: FilePath) throws {
        guard !user.isEmpty, user.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") }) else {
            throw Failure(.usage, "\"\(user)\" is no user name that can sign requests")
        }
        guard let bytes = try HostFile.read(keyFile, limit: 1 << 20, from: .setUp) else {
            throw Failure(.usage, "key file does not exist: \"\(keyFile)\"")
        }
        self.user = user
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            if text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
                let numbers = try OpenSSHKey(text)
                key = try _RSA.Signing.PrivateKey(
                    n: numbers.n, e: numbers.e, d: numbers.d, p: numbers.p, q: numbers.q)
            } else {
                key = try _RSA.Signing.PrivateKey(pemRepresentation: text)
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(
                .usage, "\"\(keyFile)\" is no private RSA key that can be used", cause: error,
                hint: "RSA of 2048 bits or more, as PEM or OpenSSH, without a passphrase")
        }
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
    func sign(_ request: HTTPRequest, covering coverage: Coverage) throws -> HTTPRequest {
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
        let signature = try key.signature(for: SHA256.hash(data: Array(text.utf8)), padding: .insecurePKCS1v1_5)
        // Without a list of headers, it is the date.
        let list = coverage == .request ? "headers=\"\(fields.map(\.0).joined(separator: " "))\"," : ""
        request.headers.append(
            (
                "Authorization",
                "Signature keyId=\"\(user)\",algorithm=\"rsa-sha256\",\(list)signature=\"\(Base64.text(Array(signature.rawRepresentation)))\""
            ))
        return request
    }
}
