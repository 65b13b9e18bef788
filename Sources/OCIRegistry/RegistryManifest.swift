import Failure
import ImageModel
import JSON

/// What a registry answers when it is asked for a manifest.
enum RegistryManifest {
    case index([IndexEntry])
    case image(config: (digest: ContentDigest, size: Int64), layers: [RegistryLayer])
    /// Docker "Image Manifest Version 2, Schema 1".
    case schema1(config: ImageConfig, layers: [RegistryLayer])

    /// - Parameter contentType: as the answer has it; it and the content must agree.
    /// - Throws: `SourceError`, `UnsupportedImage`.
    init(_ json: JSONValue, of reference: DockerReference, contentType: String?, limits: RegistryLimits) throws(Failure)
    {
        try Self.check(json, contentType: contentType)
        if let entries = json["manifests"]?.arrayValue {
            self = .index(try entries.map { entry throws(Failure) in try IndexEntry(entry) })
        } else if json["schemaVersion"]?.intValue == 1 {
            self = try SchemaOne.read(json, limits)
        } else {
            self = try RegistryManifest.readImage(json, reference, limits)
        }
    }

    /// - Throws: `SourceError` for what two readers could take for two things.
    static func check(_ json: JSONValue, contentType: String?) throws(Failure) {
        func bad(_ why: String) -> Failure { Failure(.sourceError, "the manifest of the image is not valid: \(why)") }
        guard json.objectValue != nil else { throw bad("it is no JSON object") }
        // Two readers must not take one document for two things (CVE-2021-41190).
        guard json["manifests"] == nil || json["layers"] == nil && json["fsLayers"] == nil else {
            throw bad("it is an index and an image at a time")
        }
        if let stated = json["mediaType"]?.stringValue, let contentType, MediaType.manifests.contains(contentType),
            MediaType.bare(stated) != contentType
        {
            throw bad("it says it is \(stated), its registry that it is \(contentType)")
        }
    }

    /// For who names as an image to run what is something else.
    static func hint(ofType type: String, _ reference: DockerReference) -> String {
        guard !type.hasPrefix(RegistryContent.ownTypes) else { return RegistryContent.repositoryHint(reference) }
        return "imgadm import oci:\(reference) takes a disk or a root file system that lies in a registry as a file"
    }

    private static func readImage(
        _ json: JSONValue, _ reference: DockerReference, _ limits: RegistryLimits
    ) throws(Failure) -> RegistryManifest {
        guard let config = json["config"], let list = json["layers"]?.arrayValue else {
            throw Failure(.sourceError, "the manifest of the image is not valid: it has no config or no layers")
        }
        let type = config["mediaType"]?.stringValue ?? ""
        guard MediaType.configs.contains(MediaType.bare(type)), json["artifactType"]?.stringValue ?? "" == "" else {
            let stated = json["artifactType"]?.stringValue ?? type
            throw Failure(
                .unsupportedImage, "this is no image that could be run but an artifact of type \"\(stated)\"",
                hint: hint(ofType: stated, reference))
        }
        guard list.count <= limits.layers else {
            throw Failure(.unsupportedImage, "the image has \(list.count) layers, more than \(limits.layers)")
        }
        var layers: [RegistryLayer] = []
        for entry in list {
            let (digest, size) = try descriptor(entry)
            if let obstacle = MediaType.obstacle(entry["mediaType"]?.stringValue ?? "") {
                throw Failure(.unsupportedImage, "layer \(digest) of the image \(obstacle)")
            }
            layers.append(RegistryLayer(digest: digest, size: size))
        }
        return .image(config: try descriptor(config), layers: layers)
    }

    /// OCI image-spec, descriptor.md.
    static func descriptor(_ json: JSONValue) throws(Failure) -> (digest: ContentDigest, size: Int64) {
        guard let digest = json["digest"]?.stringValue.flatMap({ ContentDigest($0) }),
            let size = json["size"]?.intValue, size >= 0
        else {
            throw Failure(
                .sourceError,
                "the manifest of the image is not valid: it has a bad descriptor: \(json.text().prefix(200))")
        }
        return (digest, Int64(size))
    }
}

/// An entry of an index (OCI image-spec, image-index.md).
struct IndexEntry {
    let digest: ContentDigest
    let platform: OCIPlatform?
    /// It tells of another entry.
    let isNote: Bool
    /// Empty for an image to run.
    let artifactType: String
    /// For which kind of machine the disk is that it has (podman, machine-os).
    let diskType: String?
    /// It is no image.
    var isAttestation: Bool { isNote || !artifactType.isEmpty }

    init(_ json: JSONValue) throws(Failure) {
        digest = try RegistryManifest.descriptor(json).digest
        if let os = json["platform"]?["os"]?.stringValue,
            let architecture = json["platform"]?["architecture"]?.stringValue
        {
            platform = OCIPlatform(
                os: os, architecture: architecture, variant: json["platform"]?["variant"]?.stringValue)
        } else {
            platform = nil
        }
        isNote = json["annotations"]?["vnd.docker.reference.type"]?.stringValue != nil || platform?.os == "unknown"
        artifactType = json["artifactType"]?.stringValue ?? ""
        diskType = json["annotations"]?["disktype"]?.stringValue
    }

    /// The best entry for a platform: one of just its variant, else the first that will do.
    ///
    /// - Throws: `PlatformNotFound`, saying which there are.
    static func choose(
        _ entries: [IndexEntry], for platform: OCIPlatform, of reference: DockerReference
    ) throws(Failure) -> IndexEntry {
        let images = entries.filter { !$0.isAttestation }
        if let entry = best(images, for: platform) { return entry }
        if images.isEmpty, let artifact = entries.first(where: { !$0.artifactType.isEmpty && !$0.isNote }) {
            throw Failure(
                .unsupportedImage,
                "this has no image that could be run, but an artifact of type \"\(artifact.artifactType)\"",
                hint: RegistryManifest.hint(ofType: artifact.artifactType, reference))
        }
        // An index of one image need not say what that is for.
        if images.count == 1, let only = images.first, only.platform == nil { return only }
        throw missing(platform, among: images)
    }

    static func best(_ entries: [IndexEntry], for platform: OCIPlatform) -> IndexEntry? {
        let fitting = entries.filter { $0.platform.map(platform.accepts) ?? false }
        return fitting.first { $0.platform == platform } ?? fitting.first
    }

    static func missing(_ platform: OCIPlatform, among entries: [IndexEntry]) -> Failure {
        var names: [String] = []
        for name in entries.compactMap({ $0.platform?.description }) where !names.contains(name) { names.append(name) }
        return Failure(
            .platformNotFound, "the image is not there for \(platform)",
            hint: names.isEmpty
                ? "it is there for no platform at all"
                : "--platform chooses another; there are: \(names.joined(separator: ", "))")
    }
}
