public import Compression
import DiskImage
import Failure
import Host
import HostConfig
public import ImageModel
import ImageSource
import ImageStore
public import JSON
import Logging
import OCIRegistry
import SendStream
public import ZFS

/// What is to be sent to a registry.
public struct PushRequest: Sendable {
    /// An installed image, and its pool.
    public var image: ImageUUID
    public var pool: PoolName
    /// Where to, with a tag.
    public var reference: DockerReference
    /// What the image is to run as; nil for what its manifest says.
    public var config: JSONObject?
    /// What it runs on; nil for what the manifest or the config says.
    public var platform: OCIPlatform?
    /// Of layers: gzip, zstd, or none.
    public var compression = CompressionFormat.gzip

    public init(_ image: ImageUUID, in pool: PoolName, to reference: DockerReference) {
        self.image = image
        self.pool = pool
        self.reference = reference
    }
}

/// Makes images to run of installed images of file systems, and artifacts of disks, and sends them to a registry. What is sent is
/// made as it goes; it depends on the image alone.
public struct ImagePusher: Sendable {
    let tool: ImageTool
    let zfs: ZFS

    public init(tool: ImageTool, zfs: ZFS) {
        self.tool = tool
        self.zfs = zfs
    }

    /// - Throws: `ImageNotInstalled`, `ImageMissingOriginalSnapshot`, `UnsupportedImage`, `InvalidFile`; `UploadError`,
    ///   `Unauthorized`, `ConnectionError`; what ZFS says.
    public func push(_ request: PushRequest, _ report: Report) async throws {
        let reference = request.reference
        let (source, _) = try tool.dockerSource(reference, given: nil)
        let asked = source.repository(of: reference)
        guard let image = try await tool.store.image(request.image, in: request.pool) else {
            throw ImageNotInstalled(request.image, request.pool)
        }
        // What cannot be reached at all is told at once; from then on it may be away for a while.
        let before = try await asked.digest(of: reference.target)
        let repository = asked.awaited
        report.line("Pushing image \(image.progressTitle) to \(reference)")
        try tool.store.sweepLocks()
        let digest = try await withTaskExecutorPreference(DedicatedThread("push")) {
            try await tool.store.readingContent(image) {
                if try await zfs.dataset(request.pool.dataset.child(image.uuid.description))?.kind == .volume {
                    try await pushDisk(image, request, repository, report)
                } else {
                    try await pushLayers(image, request, repository, report)
                }
            }
        }
        // Some say yes to everything.
        guard try await repository.digest(of: reference.target) == digest else {
            throw Failure(
                .uploadError, "\(reference) was sent, and is not what the registry has there now",
                hint: "somebody else may have sent another image meanwhile; the same command sends what is missing")
        }
        var result = ImageResult(
            before == digest ? .present(.pushed) : .pushed, image, title: image.uuid.description)
        (result.destination, result.digest) = ("\(reference)", "\(digest)")
        report.did(result)
    }

    // MARK: an image to run

    private func pushLayers(
        _ image: InstalledImage, _ request: PushRequest, _ repository: RemoteRepository, _ report: Report
    ) async throws -> ContentDigest {
        let type = MediaType.layer + (request.compression == .none ? "" : "+\(request.compression.rawValue)")
        let images = try await chain(of: image)
        let config = RunnableConfig(images: images, platform: request.platform, given: request.config ?? [:])
        try config.check()
        let layers = try await send(
            LayerPreparation(images, as: type, for: repository, tool.store, zfs), count: images.count,
            by: BlobPush(repository: repository, compression: request.compression, mediaType: type), report)
        let manifest = ArtifactManifest(
            artifactType: "",
            config: try await repository.put(
                config.content(diffIDs: layers.map(\.diffID)), mediaType: MediaType.config),
            blobs: layers.map(\.blob), annotations: Self.notes(image.manifest))
        return try await repository.put(manifest, as: request.reference.target)
    }

    /// An image and those that it builds on, from the base up.
    private func chain(of image: InstalledImage) async throws -> [InstalledImage] {
        var images = [image]
        while let origin = images.last?.origin {
            guard let uuid = ImageUUID(String(origin.dataset.lastComponent)), images.count < 512,
                origin == image.pool.dataset.child(uuid.description).snapshot("final"),
                let below = try await tool.store.image(uuid, in: image.pool)
            else {
                throw Failure(
                    .unsupportedImage,
                    "image \(images.last?.uuid ?? image.uuid) is a clone of \(origin), which is no image")
            }
            images.append(below)
        }
        return images.reversed()
    }

    private enum Step: Sendable {
        /// Nil where there is no other layer.
        case prepared(PreparedLayer?)
        /// There is room for one alone, and not for the next one beside it.
        case noRoom
        case sent(PushedLayer)
    }

    /// Sends all layers, in their order. While one is sent, the next one is prepared; what fails first ends the other.
    private func send(
        _ layers: LayerPreparation, count: Int, by push: BlobPush, _ report: Report
    ) async throws -> [PushedLayer] {
        let reading = DedicatedThread("layer")
        return try await withThrowingTaskGroup(of: Step.self) { group in
            var sent: [PushedLayer] = []
            var ready: PreparedLayer?
            while true {
                let isAhead = ready != nil
                group.addTask(executorPreference: reading) {
                    do {
                        return .prepared(try await layers.next())
                    } catch let error as FileError where error.kind == .noSpace && isAhead {
                        return .noRoom
                    }
                }
                if let layer = ready {
                    let what = "layer \(sent.count + 1) of \(count)"
                    group.addTask { .sent(try await send(layer, what, by: push, report)) }
                }
                // With what was sent goes the room that it took.
                ready = nil
                var isLast = false
                while let step = try await group.next() {
                    switch step {
                    case .prepared(let next): (ready, isLast) = (next, next == nil)
                    case .noRoom: break
                    case .sent(let layer): sent.append(layer)
                    }
                }
                if isLast { return sent }
            }
        }
    }

    private func send(
        _ layer: PreparedLayer, _ what: String, by push: BlobPush, _ report: Report
    ) async throws -> PushedLayer {
        switch layer.content {
        case .present(let there):
            report.line("The registry has \(what) (\(ByteCount.text(there.size)))")
            return there
        case .archive(var archive, let remarks):
            for remark in remarks { report.warning(remark) }
            let image = layer.image
            let (blob, diffID) = try await report.transfers.moving(
                .upload, of: image.uuid, title: image.manifest.title, total: nil
            ) { transfer in
                try await push.send(&archive) { transfer.advance(to: $0) }
            }
            let new = PushedLayer(
                snapshotGUID: layer.snapshotGUID, mediaType: push.mediaType, digest: blob.digest, size: blob.size,
                diffID: diffID, repository: push.repository.description)
            report.line("Sent \(what) (\(ByteCount.text(new.size)))")
            try await note(new, of: image, report)
            return new
        }
    }

    /// What cannot be noted is made once more the next time.
    private func note(_ layer: PushedLayer, of image: InstalledImage, _ report: Report) async throws {
        do {
            try await tool.store.note(layer, of: image.uuid, in: image.pool) { report.waiting(for: image.uuid, $0) }
        } catch let error as any CodedError {
            tool.log.warning(
                "what was sent could not be noted", metadata: ["image": "\(image.uuid)", "reason": "\(error)"])
        }
    }

    // MARK: a disk

    private func pushDisk(
        _ image: InstalledImage, _ request: PushRequest, _ repository: RemoteRepository, _ report: Report
    ) async throws -> ContentDigest {
        guard request.config == nil, request.platform == nil else {
            throw Failure(.usage, "--config and --platform go with an image of a file system, not with a disk")
        }
        let type = RegistryContent.diskType
        let known = try await tool.store.pushed(image.uuid, in: image.pool)
        let size = try await volumeSize(of: image)
        var sent: PushedLayer
        if let there = known.layers.first(where: { $0.mediaType == type }), try await repository.takes(there) {
            report.line("The registry has the disk (\(ByteCount.text(there.size)))")
            sent = there
        } else {
            let push = BlobPush(repository: repository, compression: .zstd, mediaType: type)
            let (blob, diffID) = try await report.transfers.moving(
                .upload, of: image.uuid, title: image.manifest.title, total: Int64(clamping: size)
            ) { transfer in
                try await tool.store.send(image.uuid, in: image.pool) { output in
                    let stream = VolumeStream("image \(image.uuid)", output)
                    _ = try stream.peek()
                    var disk = RawImage(VolumeContent(StreamWindows(stream, on: nil), size: size), size: size)
                    return try await push.send(&disk) { transfer.advance(to: $0) }
                }
            }
            sent = PushedLayer(
                snapshotGUID: known.guid, mediaType: type, digest: blob.digest, size: blob.size, diffID: diffID,
                repository: repository.description)
            report.line("Sent the disk (\(ByteCount.text(sent.size)))")
            try await note(sent, of: image, report)
        }
        var blob = sent.blob
        blob.annotations = [
            RegistryContent.titleKey: "\(Self.fileName(image.manifest)).raw.zst",
            RegistryContent.diskNameKey: Self.fileName(image.manifest), "io.kubevirt.pvc.volumeMode": "Block",
            "io.kubevirt.pvc.capacity": "\(size)",
        ]
        _ = try await repository.put(BlobDescriptor.emptyContent, mediaType: BlobDescriptor.empty.mediaType)
        let manifest = ArtifactManifest(
            artifactType: type, config: .empty, blobs: [blob], annotations: Self.notes(image.manifest))
        return try await repository.put(manifest, as: request.reference.target)
    }

    /// In bytes, as its stream has it, which is read for that.
    private func volumeSize(of image: InstalledImage) async throws -> UInt64 {
        try await tool.store.send(image.uuid, in: image.pool) { output in
            let stream = VolumeStream("image \(image.uuid)", output)
            _ = try stream.peek()
            var nothing = Nothing()
            return try VolumeContent(StreamWindows(stream, on: nil)).readAll(to: &nothing)
        }
    }

    private static func fileName(_ manifest: Manifest) -> String {
        manifest.name.flatMap { ImageFileName.fit($0) } ?? manifest.uuid.description
    }

    /// For people, and for whoever makes an image of it again (OCI image-spec, annotations.md).
    private static func notes(_ manifest: Manifest) -> [String: String] {
        // The layers of docker images have no name of their own.
        guard manifest.imageType != .docker else { return [:] }
        var notes: [String: String] = [:]
        for (key, field) in [
            ("title", "name"), ("version", "version"), ("description", "description"), ("url", "homepage"),
            ("created", "published_at"),
        ] {
            if let text = manifest[field]?.stringValue, !text.isEmpty {
                notes["org.opencontainers.image.\(key)"] = text
            }
        }
        return notes
    }
}

private struct Nothing: DiskVisitor {
    func data(_ bytes: RawSpan, at offset: UInt64) {}
}
