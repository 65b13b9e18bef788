public import Failure
public import ImageModel
import JSON
import OCIRegistry
import Transport

/// An image of a registry, as the chain of images that its layers are here (docker.md, "As images").
public struct DockerImage: Sendable {
    public let reference: DockerReference
    public let platform: OCIPlatform
    let found: RegistryImage
    /// The images of the layers, from the base up.
    public let uuids: [ImageUUID]

    init(_ reference: DockerReference, _ platform: OCIPlatform, _ found: RegistryImage) {
        self.reference = reference
        self.platform = platform
        self.found = found
        uuids = LayerChain.uuids(found.layers.map(\.digest))
    }

    /// What the reference leads to: an index, or a manifest.
    public var digest: ContentDigest { found.digest }

    /// An index says that it is for the platform; of another its config does.
    public var isOfIndex: Bool { found.digest != found.manifestDigest }

    /// The image itself: its topmost layer.
    ///
    /// - Throws: `UnsupportedImage` if it has none.
    public func uuid() throws(Failure) -> ImageUUID {
        guard let uuid = uuids.last else {
            throw Failure(.unsupportedImage, "image \(reference) has no layers, so that there is nothing to import")
        }
        return uuid
    }

    /// How lines of progress name it: `UUID (CANONICAL:TAG)`.
    public func title(_ uuid: ImageUUID) -> String { "\(uuid) (\(reference))" }

    /// Its layers as images, from the base up.
    func layers(
        _ config: ImageConfig, _ client: RegistryClient, of source: SourceDescriptor
    ) throws -> [AvailableImage] {
        let transport = client.transport(for: reference.repository)
        let description = DockerImage.description(config)
        return try zip(found.layers, uuids).enumerated().map { place, pair in
            let (layer, uuid) = pair
            let digest = layer.digest
            var tags: JSONObject = [
                "docker:repo": .string(reference.localName), "docker:id": .string(digest.description),
                "docker:architecture": .string(config.architecture ?? platform.architecture),
            ]
            if place == uuids.count - 1, let tag = reference.tag { tags["docker:tag:\(tag)"] = true }
            tags["docker:config"] = .object(DockerImage.settings(config))
            var manifest: JSONObject = [
                "v": 2, "uuid": .string(uuid.description), "owner": .string(ImageUUID.zero.description),
                "name": "docker-layer", "version": .string(digest.short), "disabled": false, "public": true,
                "published_at": .string(DockerDate.milliseconds(config.created)), "type": ImageType.docker.json,
                "os": .string(config.os ?? platform.os), "description": .string(description), "tags": .object(tags),
            ]
            if place > 0 { manifest["origin"] = .string(uuids[place - 1].description) }
            var check = ImageFileCheck(size: layer.size, digest: digest)
            // Where the manifest is of a kind that states no sizes, a layer has no more bytes packed than it may have unpacked.
            if layer.size == nil { check.most = client.limits.layerBytes }
            var image = AvailableImage(
                try Manifest(manifest), title: title(uuid), source: source.url.base,
                at: .server(client.blobRequest(digest, in: reference.repository), transport), check: check,
                content: .layer(diffID: config.diffIDs.isEmpty ? nil : config.diffIDs[place]), compression: nil)
            image.layer = LayerPlace(number: place + 1, count: uuids.count)
            if place == uuids.count - 1 { image.reference = reference.localDescription }
            return image
        }
    }

    /// The config's comment, or the command that made the image; 10 KiB at most.
    private static func description(_ config: ImageConfig) -> String {
        let comment = config.comment ?? ""
        let text = comment.isEmpty ? config.buildCommand.joined(separator: " ") : comment
        guard text.utf8.count > 10 << 10 else { return text }
        var short = text[...]
        while short.utf8.count > 10 << 10 { short = short.dropLast(max(1, (short.utf8.count - 10 << 10) / 4)) }
        return String(short)
    }

    private static func settings(_ config: ImageConfig) -> JSONObject {
        func list(_ texts: [String]?) -> JSONValue { texts.map { .array($0.map { .string($0) }) } ?? .null }
        return [
            "Cmd": list(config.command), "Entrypoint": list(config.entrypoint), "Env": list(config.environment),
            "WorkingDir": .string(config.workingFolder ?? ""),
        ]
    }
}
