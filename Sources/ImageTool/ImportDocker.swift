import Failure
import Host
import HostConfig
public import ImageModel
public import ImageSource
import ImageStore
import JSON
import Logging
import OCIRegistry
import Transport
public import ZFS

/// What the import of a docker image is asked to do.
public struct DockerImportRequest: Sendable {
    public var reference: DockerReference
    public var pool: PoolName
    public var platform: OCIPlatform
    /// The registry to ask for a reference that names none (`-S`).
    public var source: SourceDescriptor?

    public init(_ reference: DockerReference, pool: PoolName, platform: OCIPlatform = .host) {
        self.reference = reference
        self.pool = pool
        self.platform = platform
    }

    /// Under which a record notes what a reference led to.
    func key(_ reference: DockerReference) -> String { Self.key(reference, platform) }

    static func key(_ reference: DockerReference, _ platform: OCIPlatform) -> String { "\(reference) \(platform)" }
}

extension ImageTool {
    /// Imports an image of a Docker registry: its layers, each on top of the one below (docker.md).
    ///
    /// - Throws: what the registry's source throws; `InvalidLayer`, `DownloadError`, `NoSpace`, and what ZFS says.
    public func importImage(_ request: DockerImportRequest, _ report: Report) async throws {
        try store.checkHost(for: .layer(diffID: nil))
        let (source, reference) = try dockerSource(request.reference, given: request.source)
        let known = try await knownImage([request.key(reference)], reference, in: request.pool, source)
        if let known {
            try await tidyInstalled(known, report)
            var result = ImageResult(.present(.asked), known, title: "\(known.uuid) (\(reference))")
            result.reference = reference.localDescription
            report.did(result)
            return
        }
        let image = try await sought(reference, request, source)
        let uuid = try image.uuid()
        let look = try await store.look(for: [uuid], in: request.pool)
        if let installed = look.images[uuid] {
            let architecture = installed.manifest.json["tags"]?["docker:architecture"]?.stringValue
            if !image.isOfIndex, architecture != request.platform.architecture {
                // This throws if the image is for another platform.
                _ = try await source.chain(of: image)
            }
            try await tidyInstalled(installed, report)
            if !isRehearsing { try await note(image, on: installed, report) }
            // Whoever deleted the last reference to it may have been quicker.
            if try await store.image(uuid, in: request.pool) != nil {
                var result = ImageResult(.present(.asked), installed, title: image.title(uuid))
                result.reference = reference.localDescription
                report.did(result)
                return
            }
        }
        let room = try look.room()
        report.line("Importing \(image.title(uuid)) from \"\(source.descriptor.url.base)\"")
        report.line("Gather image \(uuid) ancestry")
        try await carryOut(in: request.pool, room: room, report) {
            let chain = try await transport.outlasting { try await source.chain(of: image) }
            return try await ImportPlanner(self, in: request.pool, report).plan(chain.top, from: chain)
        }
        if let installed = try await store.image(uuid, in: request.pool) {
            try await note(image, on: installed, report)
        }
    }

    /// - Throws: `ActiveImageNotFound` for a tag that the registry does not have, as for an image that no source has.
    private func sought(
        _ reference: DockerReference, _ request: DockerImportRequest, _ source: DockerSource
    ) async throws -> DockerImage {
        do {
            return try await source.image(reference, for: request.platform)
        } catch let refusal as RegistryRefusal where refusal.kind == .notFound {
            var hint = refusal.hint
            if hint == nil { hint = await otherServer(at: reference, source) }
            throw Failure(
                .activeImageNotFound, refusal.message, cause: refusal.cause, hint: hint ?? Self.other(than: reference),
                statusCode: refusal.statusCode)
        }
    }

    /// What has a host and a slash may be an image server and the name of an image.
    private func otherServer(at reference: DockerReference, _ source: DockerSource) async -> String? {
        // Only for a hint: that there is no such docker image is told.
        guard reference.namesHost, let other = try? await otherType(of: source.descriptor) else { return nil }
        let url = source.descriptor.url.base
        return
            "\(url) answers as \(other.name): imgadm sources -t \(other.type.rawValue) -a \(ShellWord.quoted(url)) adds it, and its images are imported by their names"
    }

    /// What to do about a reference that leads to nothing.
    private static func other(than reference: DockerReference) -> String {
        let page = reference.host == DockerReference.dockerHub ? "https://hub.docker.com" : "the registry's own page"
        let latest = reference.tag == "latest" ? " (without a tag, it is latest that is asked for)" : ""
        return "the name or the tag may be another\(latest): \(page) shows which there are"
    }

    /// The manifest that an import of a reference would store.
    ///
    /// - Throws: what the registry's source throws.
    public func manifest(
        of reference: DockerReference, platform: OCIPlatform, source: SourceDescriptor? = nil
    ) async throws -> Manifest {
        let (source, reference) = try dockerSource(reference, given: source)
        let image = try await source.image(reference, for: platform)
        _ = try image.uuid()
        return try await source.chain(of: image).top
    }

    /// The registry with a repository that is called like a UUID, where the config has a UUID looked up in registries, too
    /// (`dockerImportSkipUuids`): if nothing of that UUID is here, and no other source has it.
    ///
    /// - Parameter given: the sources; the configured ones if empty.
    /// - Throws: `ConfigError`; what the registry's source throws.
    public func repository(
        calledLike uuid: ImageUUID, in pool: PoolName, among given: [SourceDescriptor], channel: String?
    ) async throws -> (reference: DockerReference, source: SourceDescriptor)? {
        guard try !config.load().dockerImportSkipUUIDs else { return nil }
        let registries = try sources(among: given) { $0 == .docker }
        guard !registries.isEmpty, try await store.image(uuid, in: pool) == nil else { return nil }
        let others = try asked(sources(among: given) { $0 != .docker }, channel: channel)
        let found = try await lookUp(uuid, in: others) { _ in true }
        // Whoever has a repository of that name is not who was meant while a server is away.
        guard found.match == nil, found.failures.isEmpty else { return nil }
        let reference = try DockerReference("\(uuid)")
        var refused: RegistryRefusal?
        for registry in registries {
            let (source, there) = try dockerSource(reference, given: registry)
            do {
                _ = try await source.image(there, for: .host)
                return (reference, registry)
            } catch let refusal as RegistryRefusal where refusal.kind != .other {
                if refusal.kind == .unauthorized { refused = refused ?? refusal }
            }
        }
        // It may have it.
        if let refused { throw refused }
        return nil
    }

    /// The registry of a reference, with the settings of the configured source that is the same registry.
    ///
    /// - Parameter given: the registry to ask if the reference names none.
    func dockerSource(
        _ reference: DockerReference, given: SourceDescriptor?
    ) throws -> (source: DockerSource, reference: DockerReference) {
        let config = try config.load()
        let settings = try config.docker
        let limits = RegistryLimits(
            manifestBytes: settings.manifestBytes, layers: settings.layers, layerBytes: Int64(settings.layerBytes))
        let configured = try config.sources.filter { $0.type == .docker }
        if let given {
            let endpoint = RegistryEndpoint(source: given.url, insecure: given.insecure)
            guard !reference.namesHost || reference.host == endpoint.name else {
                throw Failure(
                    .usage, "the reference \(reference) names another registry than -S \(given.url.base)")
            }
            return (sources.docker(given, limits: limits), reference.at(host: endpoint.name))
        }
        let match = configured.first {
            RegistryEndpoint(source: $0.url, insecure: $0.insecure).name == reference.host
        }
        if let match { return (sources.docker(match, limits: limits), reference) }
        let endpoint = try RegistryEndpoint(host: reference.host)
        let url = reference.host == DockerReference.dockerHub ? "https://docker.io" : endpoint.origin
        return (sources.docker(try SourceDescriptor(url, type: .docker), limits: limits), reference)
    }

    /// The image that a reference led to when it was last imported, if it still does. That costs a request which is no pull,
    /// and none at all for a digest.
    ///
    /// - Parameter keys: under which it may be noted.
    func knownImage(
        _ keys: [String], _ reference: DockerReference, in pool: PoolName, _ source: DockerSource
    ) async throws -> InstalledImage? {
        var pulls: [(uuid: ImageUUID, digest: ContentDigest)] = []
        for key in keys { pulls += try await store.pulled(key, in: pool) }
        guard !pulls.isEmpty else { return nil }
        let now: ContentDigest?
        do {
            now = try await source.digest(of: reference)
        } catch let error as any CodedError {
            log.info("the registry could not be asked for a digest", metadata: ["reason": "\(error)"])
            return nil
        }
        for pull in pulls where pull.digest == now {
            if let image = try await store.image(pull.uuid, in: pool) { return image }
        }
        return nil
    }

    /// Writes down what a reference led to, and its tag on the image, which no other image of the pool has from then on.
    private func note(_ image: DockerImage, on installed: InstalledImage, _ report: Report) async throws {
        let name = image.reference.tag.map { DockerName(repository: image.reference.localName, tag: $0) }
        let names = try await store.lockNames(in: installed.pool) { report.waiting(for: installed.uuid, $0) }
        defer { names.releaseNames() }
        if let name {
            try await store.withdraw(name, in: installed.pool, except: installed.uuid) { report.waiting(for: $0, $1) }
        }
        let lock = try await store.recordLock(installed.uuid, in: installed.pool) {
            report.waiting(for: installed.uuid, $0)
        }
        defer { lock.release() }
        try await store.note(
            name, of: installed.uuid, in: installed.pool,
            pulled: DockerImportRequest.key(image.reference, image.platform), digest: image.digest)
    }
}
