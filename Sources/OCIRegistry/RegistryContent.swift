import Failure
public import ImageModel
import JSON

/// What a reference leads to, whatever it is: an image to run, or files that somebody keeps in a registry (OCI image-spec,
/// manifest.md). Nothing of it is fetched yet.
public struct RegistryContent: Sendable {
    /// What the reference leads to: an index, or the manifest itself.
    public let digest: ContentDigest
    public let manifestDigest: ContentDigest
    /// Of what kind it says it is: the artifact's type, or that of its config; empty for an image to run.
    public let artifactType: String
    /// Nil where the manifest is of the oldest kind (schema 1), which knows images to run alone.
    public let config: BlobDescriptor?
    /// Layers or files, from the base up, without those that stand for none.
    public let blobs: [BlobDescriptor]
    public let annotations: [String: String]

    /// - Throws: `SourceError`, `UnsupportedImage` for more than the limits allow.
    init(_ json: JSONValue, digest: ContentDigest, manifestDigest: ContentDigest, limits: RegistryLimits)
        throws(Failure)
    {
        self.digest = digest
        self.manifestDigest = manifestDigest
        annotations = BlobDescriptor.annotations(json["annotations"])
        guard json["schemaVersion"]?.intValue != 1 else {
            (artifactType, config, blobs) = ("", nil, [])
            return
        }
        guard let config = BlobDescriptor(json["config"]), let list = json["layers"]?.arrayValue else {
            throw Failure(.sourceError, "the manifest of the image is not valid: it has no config or no layers")
        }
        guard list.count <= limits.layers else {
            throw Failure(.unsupportedImage, "the image has \(list.count) layers, more than \(limits.layers)")
        }
        var blobs: [BlobDescriptor] = []
        for entry in list {
            guard let blob = BlobDescriptor(entry) else {
                throw Failure(
                    .sourceError,
                    "the manifest of the image is not valid: it has a bad descriptor: \(entry.text().prefix(200))")
            }
            if blob.mediaType != BlobDescriptor.empty.mediaType { blobs.append(blob) }
        }
        self.blobs = blobs
        self.config = config
        let stated = json["artifactType"]?.stringValue ?? ""
        let isImage = MediaType.configs.contains(MediaType.bare(config.mediaType))
        artifactType = stated.isEmpty && !isImage ? config.mediaType : stated
    }
}

extension RegistryClient {
    /// Finds what a reference leads to, for a platform where that makes a difference: one request, two if there is an index
    /// before it.
    ///
    /// - Throws: `ImageNotFound`, `Unauthorized`, `PlatformNotFound`, `UnsupportedImage`, `SourceError`,
    ///   `DownloadError` for what has another digest.
    public func content(_ reference: DockerReference, for platform: OCIPlatform) async throws -> RegistryContent {
        var found = try await document(reference.target, expected: reference.digest, reference)
        let top = found.digest
        // As with images: there is no end to indexes in indexes.
        for _ in 0..<3 {
            try RegistryManifest.check(found.json, contentType: found.type)
            guard let entries = found.json["manifests"]?.arrayValue else {
                return try RegistryContent(found.json, digest: top, manifestDigest: found.digest, limits: limits)
            }
            let chosen = try IndexEntry.chooseAny(
                entries.map { entry throws(Failure) in try IndexEntry(entry) }, for: platform)
            found = try await document(chosen.digest.description, expected: chosen.digest, reference)
        }
        throw Failure(.sourceError, "the index of image \(reference) leads from index to index")
    }
}

extension IndexEntry {
    /// The disk type of what QEMU and KVM run (podman, machine-os).
    private static let diskType = "qemu"

    /// The best entry for a platform, be it an image or an artifact.
    ///
    /// - Throws: `PlatformNotFound`, `UnsupportedImage`, saying what there is.
    static func chooseAny(_ entries: [IndexEntry], for platform: OCIPlatform) throws(Failure) -> IndexEntry {
        var some = entries.filter { !$0.isNote }
        let diskTypes = Set(some.compactMap(\.diskType))
        if !diskTypes.isEmpty {
            some = some.filter { $0.diskType == diskType }
            guard !some.isEmpty else {
                let names = diskTypes.sorted().prefix(10).map { $0.prefix(40) }.joined(separator: ", ")
                throw Failure(
                    .unsupportedImage,
                    "the disk is there for \(names), and not for \(diskType), as KVM and bhyve take it")
            }
        }
        if let entry = best(some, for: platform) { return entry }
        // What is for no platform in particular need not say so.
        let plain = some.filter { $0.platform == nil }
        if plain.count == 1, let only = plain.first { return only }
        guard plain.isEmpty else {
            throw Failure(
                .unsupportedImage, "the index has \(plain.count) entries that no platform tells apart",
                hint: "REPO@DIGEST names one of them")
        }
        throw missing(platform, among: some)
    }
}
