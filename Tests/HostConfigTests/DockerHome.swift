import Host
import HostConfig
import Logging
import OCIRegistry
import Synchronization
import SystemPackage
import TestHost

/// The folder of a docker config, which goes with the test.
final class DockerHome: Sendable {
    let folder = TestFolder.make("docker")
    /// What was logged as a warning.
    let complaints = Complaints()

    deinit { TestFolder.remove(folder) }

    func write(_ text: String, to name: String = "config.json") throws {
        try HostFile.write(Array(text.utf8), to: folder.appending(name))
    }

    func credentials(
        for host: String = "registry.example", _ helpers: FakeHelpers = FakeHelpers()
    ) async throws -> RegistryCredentials? {
        let file = DockerConfigFile(
            environment: ["DOCKER_CONFIG": folder.string], runner: helpers, log: complaints.logger)
        return try await file.credentials(for: host)
    }
}

/// Keeps warnings, each as its message and metadata.
final class Complaints: Sendable {
    private let memory = Mutex<[String]>([])

    var all: [String] { memory.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(complaints: self) } }

    private struct Handler: LogHandler {
        let complaints: Complaints
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            complaints.memory.withLock { $0.append("\(event.message)\(fields.joined())") }
        }
    }
}
