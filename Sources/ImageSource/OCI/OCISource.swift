import Compression
import Failure
import Host
public import ImageModel
import JSON
import Logging
public import OCIRegistry
import Synchronization
import Time
import Transport

/// A repository of images in a registry, in the layout of our image server, with no server in between (see `ImageArtifact`).
public final class OCISource: ImageSource {
    public let descriptor: SourceDescriptor
    /// For what goes beyond reading.
    public let repository: RemoteRepository
    private let client: RegistryClient
    private let kept: KeptFiles
    private let remarks: SourceRemarks
    private let log: Logger
    private let listed: SharedWork<(list: RepositoryList, isCompared: Bool)>
    /// What the tags say beside the index.
    private let compared: SharedWork<RepositoryList>
    /// Those whose manifests have been asked for.
    private let found = Mutex<[ImageUUID: StoredImage]>([:])

    init(
        descriptor: SourceDescriptor, client: RegistryClient, _ name: String, kept: KeptFiles, remarks: SourceRemarks,
        log: Logger
    ) {
        self.descriptor = descriptor
        self.client = client
        self.kept = kept
        self.remarks = remarks
        self.log = log
        let repository = client.repository(name)
        self.repository = repository
        let keeping = KeptRepository(
            title: "image source \"\(descriptor.displayURL)\"", url: descriptor.url.base, repository: repository,
            kept: kept, remarks: remarks, log: log)
        // Files are read, and megabytes of text.
        listed = SharedWork {
            try await withTaskExecutorPreference(DedicatedThread("catalogue")) { try await keeping.list() }
        }
        compared = SharedWork {
            try await withTaskExecutorPreference(DedicatedThread("catalogue")) {
                try await keeping.list(isCompared: true).list
            }
        }
    }

    public func ping() async throws {
        try await client.ping()
        // An empty repository is one, which may be there once something is published to it; one that nobody may read is not.
        guard try await repository.indexDigest() == nil, try await repository.tags().isEmpty else { return }
        remarks.add(
            "there is no image in \(repository.description): the first that is published to it makes it, and a name with a slip looks the same"
        )
    }

    public func list(_ wanted: WantedImages) async throws -> [ListedImage]? {
        let (list, isCompared) = try await listed.value()
        let images = list.images.only(wanted)
        // What was put there just now, or by who keeps no index, may be known by its tag alone.
        guard images.isEmpty, wanted.name != nil, !isCompared else { return images }
        return try await compared.value().images.only(wanted)
    }

    public func manifest(of uuid: ImageUUID) async throws -> Manifest? {
        guard let stored = try await repository.image(uuid) else { return nil }
        let form = try RepositoryList.served(stored.indexed)
        found.withLock { $0[uuid] = stored }
        return try Manifest(form)
    }

    public func image(of manifest: Manifest) throws -> AvailableImage {
        guard let stored = found.withLock({ $0[manifest.uuid] }) else {
            throw Failure(.internalError, "image \(manifest.uuid) is asked for without its manifest")
        }
        guard let blob = ImageArtifact.blob(of: .file, in: stored.artifact), let file = manifest.files.first else {
            throw Failure(.invalidManifest, "image \(manifest.uuid) has no file in \(repository.description)")
        }
        guard file.size == nil || file.size == blob.size else {
            throw Failure(
                .invalidManifest,
                "the file of image \(manifest.uuid) has \(blob.size) bytes in \(repository.description), but its manifest states \(file.size ?? 0)"
            )
        }
        return AvailableImage(
            manifest, source: descriptor.url.base,
            at: .server(
                client.blobRequest(blob.digest, in: repository.name), client.transport(for: repository.name)),
            check: ImageFileCheck(size: blob.size, sha1: file.sha1, digest: blob.digest),
            content: ImageContent(of: manifest), compression: try CompressionFormat(of: manifest))
    }

    /// Removes what is kept of the repository.
    public func forget() { kept.forget() }
}
