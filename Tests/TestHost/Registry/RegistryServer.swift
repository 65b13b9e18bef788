import Glibc
import Host
public import SystemPackage

/// A docker-registry on loopback.
public final class RegistryServer: Sendable {
    /// Whom it answers.
    public enum Access: Sendable {
        case everybody
        /// User `reader` with the password `secret`, by Basic authentication.
        case password
        /// Who has a token of a service.
        case token(TokenService)
    }

    /// Its images, which further registries may serve as well.
    public let storage: FilePath
    public let port: Int
    public var host: String { "127.0.0.1:\(port)" }
    public var url: String { "http://\(host)" }
    private let folder: FilePath
    private let process: ServerProcess

    /// Starts a registry, and waits until it listens.
    ///
    /// - Parameter port: 0 for any.
    public init(_ access: Access = .everybody, storage: FilePath? = nil, port wanted: Int = 0) async throws {
        let folder = TestFolder.make("registry")
        Leftovers.atExit { TestFolder.remove(folder) }
        self.folder = folder
        self.storage = storage ?? folder.appending("storage")
        let config = folder.appending("config.yml")
        let log = folder.appending("log")
        try Tool.write(
            """
            version: 0.1
            log: {level: info, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(self.storage)}, delete: {enabled: true}}
            http: {addr: "127.0.0.1:\(wanted)", secret: shared}
            \(try RegistryServer.settings(access, in: folder))
            """, to: config)
        process = try ServerProcess(["docker-registry", "serve", config.string], log: log)
        var port: Int?
        while port == nil, !process.hasEnded {
            try await Task.sleep(for: .milliseconds(20))
            let text = try HostFile.read(log).map { String(decoding: $0, as: UTF8.self) } ?? ""
            port = text.firstRange(of: "listening on 127.0.0.1:").flatMap { found in
                Int(text[found.upperBound...].prefix { $0.isNumber })
            }
        }
        guard let port else { throw Errno.connectionRefused }
        self.port = port
    }

    deinit { TestFolder.remove(folder) }

    private static func settings(_ access: Access, in folder: FilePath) throws -> String {
        switch access {
        case .everybody: return ""
        case .password:
            // reader:secret, as `htpasswd -Bbn` has it.
            let line = "reader:$2y$05$ySsS6SuA0ZYOrBEzQ.bSRuq98KKCn4pVKU1545YCu3DkDZFI.toZa\n"
            try Tool.write(line, to: folder.appending("htpasswd"))
            return "auth: {htpasswd: {realm: test, path: \(folder.appending("htpasswd"))}}"
        case .token(let service):
            return """
                auth: {token: {realm: "\(service.url)/token", service: test-registry, issuer: test-issuer, \
                rootcertbundle: \(service.certificate)}}
                """
        }
    }
}
