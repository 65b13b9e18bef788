public import ArgumentParser
import Failure
import Host
import HostConfig
public import ImageCatalog
import ImageModel
import Logging
import OCIRegistry
import SystemPackage
import Transport

/// Where the images are.
struct StorageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The folder of the images.", valueName: "dir"), completion: .directory)
    var root: String?

    @Option(
        help: ArgumentHelp(
            """
            The repository of an OCI registry that has the images, instead of a folder: each is an artifact, whose \
            tag is the UUID. http:// before it is for a registry without TLS; one on this machine needs no such \
            word. Credentials are those that docker login has left. The registry must allow manifests to be deleted \
            if images are to be.
            """,
            valueName: "host[:port]/name"))
    var registry: String?

    @Option(
        help: ArgumentHelp("With --registry: the channels, in the form of channels.json.", valueName: "file"),
        completion: .file())
    var channels: String?

    @Option(help: "What the images are: all of them public (the default), or none.")
    var mode: ServerMode?

    /// - Throws: `ValidationError` for options that do not go together; what the storage says.
    func open(by transport: Transport, _ logger: Logger) async throws -> any ImageRepository {
        switch (root, registry) {
        case (let root?, nil):
            guard channels == nil else {
                throw ValidationError("--channels goes with --registry; a folder has its own")
            }
            return try FolderRepository(root: FilePath(root), mode: mode ?? .public, logger: logger)
        case (nil, let registry?):
            let (endpoint, name) = try StorageOptions.place(registry)
            let credentials = DockerConfigFile(
                environment: ProcessEnvironment.variables, runner: ProcessRunner(log: logger), log: logger)
            return try await RegistryRepository(
                RegistryClient(endpoint, credentials: credentials, transport: transport, log: logger).repository(name),
                channels: channels.map { FilePath($0) }, mode: mode ?? .public, logger: logger)
        case (nil, nil): throw ValidationError("--root DIR or --registry HOST/NAME says where the images are")
        default: throw ValidationError("--root and --registry do not go together")
        }
    }

    /// - Throws: `ValidationError`.
    private static func place(_ text: String) throws -> (RegistryEndpoint, name: String) {
        let isPlain = text.hasPrefix("http://")
        let bare = isPlain ? text.dropFirst(7) : text.hasPrefix("https://") ? text.dropFirst(8) : text[...]
        guard let reference = try? DockerReference(String(bare)), reference.namesHost, reference.digest == nil,
            reference.tag == "latest", !bare.hasSuffix(":latest")
        else { throw ValidationError("--registry \(text) is not of the form HOST[:PORT]/NAME") }
        let endpoint =
            isPlain
            ? RegistryEndpoint(source: try ServerURL("http://\(reference.host)"), insecure: false)
            : try RegistryEndpoint(host: reference.host)
        return (endpoint, reference.repository)
    }
}

extension ServerMode: ExpressibleByArgument {}
