import Failure
public import Host
import ImageModel
import JSON
public import OCIRegistry
import SystemPackage

/// The credentials that `docker login` leaves behind: `config.json` in `DOCKER_CONFIG`, or in `.docker` of the home folder
/// (docker CLI, "Configuration files").
public struct DockerConfigFile: CredentialSource {
    private let path: FilePath?
    private let runner: any CommandRunner

    public init(environment: [String: String], runner: any CommandRunner) {
        func folder(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        path =
            (folder("DOCKER_CONFIG").map { FilePath($0) } ?? folder("HOME").map { FilePath($0).appending(".docker") })?
            .appending("config.json")
        self.runner = runner
    }

    public func credentials(for host: String) async throws -> RegistryCredentials? {
        guard let path, let bytes = try HostFile.read(path, limit: 4 << 20, from: .setUp) else { return nil }
        let config: JSONValue
        do {
            config = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 32))
        } catch {
            throw Failure(.configError, "the config file \"\(path)\" of docker is not JSON", cause: error)
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
        let entries = config["auths"]?.objectValue ?? [:]
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

    /// Asks a credential helper: the registry on its standard input, JSON as its answer (docker-credential-helpers,
    /// "Development").
    private func ask(_ helper: String, _ name: String) async throws -> RegistryCredentials? {
        guard !helper.isEmpty, helper.utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 > 0x20 && $0 < 0x7f }),
            !helper.hasPrefix(".")
        else { throw Failure(.configError, "\"\(helper)\" in the config of docker is no name of a credential helper") }
        let command = Command("docker-credential-\(helper)", ["get"])
        let (outcome, _) = try await runner.feed(command) { input in try DockerConfigFile.write(name, to: input) }
        let answer = try? JSONValue(parsing: outcome.output)
        guard outcome.succeeded, let answer, let secret = answer["Secret"]?.stringValue else {
            let said = String(decoding: outcome.output, as: UTF8.self) + outcome.errorText
            if said.contains("credentials not found") { return nil }
            throw command.failure(outcome)
        }
        let user = answer["Username"]?.stringValue ?? ""
        return user == "<token>" ? .identityToken(secret) : .password(user: user, password: secret)
    }

    private static func write(_ name: String, to input: ChildInput) throws {
        let bytes = Array("\(name)\n".utf8)
        try unsafe input.write(bytes.span.bytes)
    }
}
