import Crypto
import Glibc
import Host
import JSON
import Synchronization
import SystemPackage

/// A service that gives tokens for a registry (Docker Registry v2, "Token Authentication Implementation").
public final class TokenService: Sendable {
    public let url: String
    /// The certificate whose key signs the tokens.
    let certificate: FilePath
    private let server: CannedServer
    private let folder: FilePath

    /// - Parameter authorization: what the header `Authorization` has to be; nil for nobody in particular.
    public static func start(authorization: String? = nil) async throws -> TokenService {
        let folder = TestFolder.make("tokens")
        try await Tool.shell(
            """
            cd '\(folder)'
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
                -days 30 -subj /CN=test 2>/dev/null
            openssl x509 -in cert.pem -outform der | base64 -w0 > cert.txt
            """)
        return try await TokenService(folder, authorization)
    }

    private init(_ folder: FilePath, _ authorization: String?) async throws {
        self.folder = folder
        certificate = folder.appending("cert.pem")
        func text(_ name: String) throws -> String {
            String(decoding: try HostFile.read(folder.appending(name)) ?? [], as: UTF8.self)
        }
        let signer = TokenSigner(
            key: try P256.Signing.PrivateKey(pemRepresentation: text("key.pem")), chain: try text("cert.txt"))
        server = try await CannedServer { head in
            if let authorization, !head.contains("\r\nAuthorization: \(authorization)\r\n") {
                return "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            }
            return signer.answer(to: head)
        }
        url = server.url
    }

    deinit { TestFolder.remove(folder) }

    /// The heads of the requests it had.
    public var requests: [String] { server.requests }
}

private struct TokenSigner: Sendable {
    let key: P256.Signing.PrivateKey
    let chain: String

    /// A token for the repository that the request's scope names.
    func answer(to head: String) -> String? {
        guard let scope = head.firstRange(of: "scope=repository%3A") else { return nil }
        let rest = head[scope.upperBound...]
        guard let end = rest.firstRange(of: "%3Apull") else { return nil }
        let repository = rest[..<end.lowerBound].split(separator: "%2F").joined(separator: "/")
        let now = Int(time(nil))
        let claims: JSONValue = [
            "iss": "test-issuer", "sub": "", "aud": "test-registry", "exp": .number(JSONNumber(now + 300)),
            "nbf": .number(JSONNumber(now - 60)), "iat": .number(JSONNumber(now)), "jti": "1",
            "access": [["type": "repository", "name": .string(repository), "actions": ["pull"]]],
        ]
        let header: JSONValue = ["typ": "JWT", "alg": "ES256", "x5c": [.string(chain)]]
        let content = [header, claims].map { TokenSigner.text(Array($0.text().utf8)) }.joined(separator: ".")
        guard let signature = try? key.signature(for: Array(content.utf8)) else { return nil }
        return "{\"token\":\"\(content).\(TokenSigner.text(Array(signature.rawRepresentation)))\",\"expires_in\":300}"
    }

    /// base64url (RFC 4648 §5) without padding.
    private static func text(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
            for place in 0...group.count { text.append(alphabet[bits >> (18 - 6 * place) & 63]) }
        }
        return text
    }
}
