import Host
import HostConfig
import OCIRegistry
import SystemPackage
import TestHost

/// The folder of a docker config, which goes with the test.
final class DockerHome: Sendable {
    let folder = TestFolder.make("docker")

    deinit { TestFolder.remove(folder) }

    func write(_ text: String, to name: String = "config.json") throws {
        try HostFile.write(Array(text.utf8), to: folder.appending(name))
    }

    func credentials(
        for host: String = "registry.example", _ helpers: FakeHelpers = FakeHelpers()
    ) async throws -> RegistryCredentials? {
        let file = DockerConfigFile(environment: ["DOCKER_CONFIG": folder.string], runner: helpers)
        return try await file.credentials(for: host)
    }
}
