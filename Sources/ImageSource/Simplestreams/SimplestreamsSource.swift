import Failure
import Host
public import ImageModel
import JSON
import Logging
import Simplestreams
import Synchronization
import Transport

/// A server of simplestreams, as LXC, incus and Ubuntu have them: lists of files, and no manifests. What the lists say of a
/// root or a disk is made a manifest here; what only the file tells comes to it when it is imported.
public final class SimplestreamsSource: ImageSource {
    public let descriptor: SourceDescriptor
    private let transport: Transport
    private let server: StreamsServer
    private let log: Logger
    private let lists: SharedWork<[ProductList]>
    /// Of this machine's architecture.
    private let ofHost: SharedWork<Catalogue>
    /// Of all architectures.
    private let byUUID: SharedWork<[ImageUUID: StreamsImage]>
    /// Those whose manifests have been asked for.
    private let found = Mutex<[ImageUUID: StreamsImage]>([:])

    init(
        descriptor: SourceDescriptor, transport: Transport, root: HostRoot, remarks: SourceRemarks, log: Logger
    ) {
        self.descriptor = descriptor
        self.transport = transport
        self.log = log
        let isSecured = !descriptor.insecure && !transport.settings.insecure
        server = StreamsServer(
            title: "image source \"\(descriptor.displayURL)\"", base: descriptor.url.base,
            insecure: descriptor.insecure, transport: transport,
            kept: KeptFiles(root: root, server: descriptor.url.base, isSecured: isSecured, log: log), remarks: remarks)
        let lists = SharedWork { [server] in
            // Files are read, and megabytes of text.
            try await withTaskExecutorPreference(DedicatedThread("catalogue")) { try await server.lists() }
        }
        self.lists = lists
        ofHost = SharedWork { try await Self.catalogue(of: .host, lists, log) }
        byUUID = SharedWork {
            let images = try await Self.catalogue(of: nil, lists, log).images
            return Dictionary(images.map { ($0.uuid, $0) }) { first, _ in first }
        }
    }

    private static func catalogue(
        of architecture: Architecture?, _ lists: SharedWork<[ProductList]>, _ log: Logger
    ) async throws -> Catalogue {
        let lists = try await lists.value()
        return try await withTaskExecutorPreference(DedicatedThread("catalogue")) {
            var catalogue = Catalogue(of: architecture)
            for list in lists { try catalogue.add(list) }
            for text in catalogue.remarks.texts { log.info("left out of a list", metadata: ["what": "\(text)"]) }
            return catalogue
        }
    }

    public func ping() async throws { try await server.ping() }

    public func list(_ wanted: WantedImages) async throws -> [ListedImage]? {
        guard let name = wanted.name else {
            let images = try await catalogue(wanted.architecture).images
            return try listed(images.filter { wanted.type.map($0.isOf) ?? true })
        }
        let asked = Catalogue.architecture(askedBy: name.name).map { ArchitectureChoice.one($0) }
        let named = try await catalogue(asked ?? wanted.architecture).find(name.name, version: name.exactVersion)
        // A root is what most want: a disk is taken where there is no root, or where one is asked for.
        return try listed(wanted.type.map { type in named.filter { $0.isOf(type) } } ?? Array(named.prefix(1)))
    }

    private func catalogue(_ architecture: ArchitectureChoice) async throws -> Catalogue {
        switch architecture {
        case .host: try await ofHost.value()
        case .every: try await Self.catalogue(of: nil, lists, log)
        case .one(let architecture): try await Self.catalogue(of: architecture, lists, log)
        }
    }

    /// As the list of a server of manifests.
    private func listed(_ images: [StreamsImage]) throws -> [ListedImage] {
        var bytes: [UInt8] = []
        JSONValue.array(images.map { .object($0.manifest.json) }).write(to: &bytes, style: .compact)
        return try ListedImage.read(bytes, from: descriptor.url.base)
    }

    public func manifest(of uuid: ImageUUID) async throws -> Manifest? {
        guard let image = try await byUUID.value()[uuid] else { return nil }
        found.withLock { $0[uuid] = image }
        return image.manifest
    }

    public func image(of manifest: Manifest) throws -> AvailableImage {
        guard let image = found.withLock({ $0[manifest.uuid] }) else {
            throw Failure(.internalError, "image \(manifest.uuid) is asked for without its manifest")
        }
        let content: ImageContent
        switch image.form {
        case .rootTar: content = .root
        case .disk, .disk1, .uefi1: content = .disk(blockSize: nil)
        case .squashfs: content = .squashfs
        case .combined: content = image.kind == .disk ? .disk(blockSize: nil) : .root
        }
        var given = manifest.json
        given["files"] = nil  // they have to have a SHA-1
        let request = HTTPRequest(url: "\(descriptor.url.base)/\(image.file.path)", insecure: descriptor.insecure)
        return try AvailableImage(
            ImageDraft(image.kind, fileName: image.file.path.fileName, manifest: given, fields: []), image.uuid,
            at: .server(request, transport), source: descriptor.url.base,
            check: ImageFileCheck(size: image.file.size, digest: image.file.sha256), content: content)
    }

    /// What only the file tells stays.
    public func manifest(_ stated: Manifest, keepingContentOf installed: Manifest) -> Manifest {
        var manifest = stated
        for field in ["files", "image_size"] { manifest[field] = installed[field] }
        return manifest
    }

    /// Removes what is kept of the server.
    public func forget() { server.kept.forget() }
}

extension StreamsImage {
    fileprivate func isOf(_ type: ImageType) -> Bool { type == (kind == .disk ? .zvol : .lxDataset) }
}
