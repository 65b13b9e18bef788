import Failure
public import Host
import ImageModel
import JSON
public import Logging
public import OCIRegistry
import Synchronization
import SystemPackage
import Transport

/// The credentials that `docker login` leaves behind: `config.json` in `DOCKER_CONFIG`, or in `.docker` of the home folder
/// (docker CLI, "Configuration files").
public struct DockerConfigFile: CredentialSource {
    private let path: FilePath?
    private let runner: any CommandRunner
    private let log: Logger
    private let told = Told()

    /// Helpers that were complained of: once is enough.
    private final class Told: Sendable {
        let helpers = Mutex<Set<String>>([])
    }

    public init(environment: [String: String], runner: any CommandRunner, log: Logger) {
        func folder(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        path =
            (folder("DOCKER_CONFIG").map { FilePath($0) } ?? folder("HOME").map { FilePath($0).appending(".docker") })?
            .appending("config.json")
        self.runner = runner
        self.log = log
    }

    public func credentials(for host: String) async throws -> RegistryCredentials? {
        // Files are read and helpers are waited for on a thread of its own.
        try await withTaskExecutorPreference(DedicatedThread("credentials")) { try await find(host) }
    }

    private func find(_ host: String) async throws -> RegistryCredentials? {
        guard let path, let bytes = try HostFile.read(path, limit: 4 << 20, from: .setUp) else { return nil }
        let config: JSONValue
        do {
            config = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 32))
        } catch {
            throw Failure(
                .configError, "the config file \"\(path)\" of docker is not JSON", cause: error, hint: error.slip)
        }
        let names = DockerConfigFile.names(of: host)
        for name in names {
            if let helper = config["credHelpers"]?[name]?.stringValue { return try await ask(helper, name) }
        }
        if let store = config["credsStore"]?.stringValue, !store.isEmpty {
            for name in names {
                if let found = try await ask(store, name) { return found }
            }
        }
        let entries = config["auths"]?.objectValue ?? [:]  // what is no object names nobody
        // A key that is just the name counts more than one that only means it, and an empty entry for nothing.
        for isMeant in [{ @Sendable (key: String, name: String) in key == name }, { DockerConfigFile.bare($0) == $1 }] {
            // docker keeps a default port that was typed.
            for name in names + (host.contains(":") ? [] : ["\(host):443"]) {
                for (key, entry) in entries where isMeant(key, name) {
                    if let found = try read(entry, host, path) { return found }
                }
            }
        }
        return nil
    }

    /// The names under which a registry may stand there.
    private static func names(of host: String) -> [String] {
        host == DockerReference.dockerHub
            ? ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"] : [host]
    }

    /// A key without scheme and path, as old and new ones have them.
    private static func bare(_ key: String) -> String {
        var rest = key[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        return String(rest.prefix { $0 != "/" }).lowercased()
    }

    private func read(_ entry: JSONValue, _ host: String, _ path: FilePath) throws(Failure) -> RegistryCredentials? {
        if let token = entry["identitytoken"]?.stringValue, !token.isEmpty { return .identityToken(token) }
        if let user = entry["username"]?.stringValue, let password = entry["password"]?.stringValue {
            return .password(user: user, password: password)
        }
        guard let auth = entry["auth"]?.stringValue, !auth.isEmpty else { return nil }
        guard let bytes = Base64.bytes(auth), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            throw Failure(
                .configError, "the credentials of \"\(host)\" in \"\(path)\" are not user and password in base64")
        }
        return .password(
            user: String(decoding: bytes[..<colon], as: UTF8.self),
            password: String(decoding: bytes[(colon + 1)...].filter { $0 != 0 }, as: UTF8.self))
    }

    /// How long a helper may take; some ask somebody.
    private static let patience: Duration = .seconds(60)
    /// The most bytes that a helper may print.
    private static let longestAnswer = 256 << 10

    /// Asks a credential helper: the registry on its standard input, JSON as its answer (docker-credential-helpers,
    /// "Development"). One that is missing or fails is complained of, and nobody is known: a public image needs nobody.
    ///
    /// - Throws: `ConfigError` for what is no name of a helper.
    private func ask(_ helper: String, _ name: String) async throws -> RegistryCredentials? {
        guard !helper.isEmpty, helper.utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 > 0x20 && $0 < 0x7f }),
            !helper.hasPrefix(".")
        else { throw Failure(.configError, "\"\(helper)\" in the config of docker is no name of a credential helper") }
        let command = Command(
            "docker-credential-\(helper)", ["get"], limit: DockerConfigFile.patience,
            mostOutput: DockerConfigFile.longestAnswer)
        let outcome: CommandOutcome
        do {
            (outcome, _) = try await runner.feed(command) { input in try DockerConfigFile.write(name, to: input) }
        } catch let error as any CodedError {
            complain(of: helper, "\(error)")
            return nil
        }
        // What is not JSON is no answer; that is told below.
        let answer = try? JSONValue(parsing: outcome.output)
        guard outcome.succeeded, let answer, let secret = answer["Secret"]?.stringValue else {
            let said = String(decoding: outcome.output, as: UTF8.self) + outcome.errorText
            if said.contains("credentials not found") { return nil }
            // Helpers print their errors on standard output, but after a success it may be a secret.
            let isShown = !outcome.succeeded && answer == nil
            let words = ErrorBody.excerpt((isShown ? outcome.output : []) + Array(outcome.errorText.utf8))
            let ending = outcome.succeeded ? "its answer is none" : "\(outcome.ending)"
            complain(of: helper, words.isEmpty ? ending : "\(ending): \(words)")
            return nil
        }
        let user = answer["Username"]?.stringValue ?? ""
        return user == "<token>" ? .identityToken(secret) : .password(user: user, password: secret)
    }

    private func complain(of helper: String, _ why: String) {
        guard told.helpers.withLock({ $0.insert(helper).inserted }) else { return }
        log.warning(
            "credential helper failed: registries are asked without credentials",
            metadata: [
                "helper": "docker-credential-\(helper)", "config": "\(path?.string ?? "")", "reason": "\(why)",
            ])
    }

    private static func write(_ name: String, to input: ChildInput) throws {
        let bytes = Array("\(name)\n".utf8)
        try unsafe input.write(bytes.span.bytes)
    }
}
