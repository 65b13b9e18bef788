import Glibc
import Host
import Synchronization
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
    private let config: FilePath
    private let log: FilePath
    private let process: Mutex<ServerProcess?>

    /// Starts a registry, and waits until it listens.
    public init(_ access: Access = .everybody, storage: FilePath? = nil) async throws {
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
            http: {addr: "127.0.0.1:0", secret: shared}
            \(try RegistryServer.settings(access, in: folder))
            """, to: config)
        self.config = config
        self.log = log
        process = Mutex(try ServerProcess(["docker-registry", "serve", config.string], log: log))
        port = try await RegistryServer.port(log, process)
    }

    private static func port(_ log: FilePath, _ process: borrowing Mutex<ServerProcess?>) async throws -> Int {
        while process.withLock({ $0?.hasEnded == false }) {
            try await Task.sleep(for: .milliseconds(20))
            let text = try HostFile.read(log).map { String(decoding: $0, as: UTF8.self) } ?? ""
            if let found = text.firstRange(of: "listening on 127.0.0.1:"),
                let port = Int(text[found.upperBound...].prefix { $0.isNumber })
            {
                return port
            }
        }
        throw Errno.connectionRefused
    }

    /// Kills it.
    public func kill() {
        process.withLock { process in
            process?.kill()
            process = nil
        }
    }

    /// Starts it again, on the port and with the storage that it had.
    public func restart() async throws {
        kill()
        let text = try HostFile.read(config).map { String(decoding: $0, as: UTF8.self) } ?? ""
        try Tool.write(text.replacing("\"127.0.0.1:0\"", with: "\"127.0.0.1:\(port)\""), to: config)
        _ = try HostFile.remove(log)
        let started = try ServerProcess(["docker-registry", "serve", config.string], log: log)
        process.withLock { $0 = started }
        _ = try await RegistryServer.port(log, process)
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
