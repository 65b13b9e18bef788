public import Failure
public import ImageModel

/// What can be made of what a reference leads to.
public enum RegistryHolding: Sendable {
    /// Layers, of an image to run or of one that has a disk in it (KubeVirt, "containerDisk").
    case layers([BlobDescriptor])
    /// Files that lie in the registry as they are, one at least.
    case files([RegistryFile])
}

/// A file in a registry.
public struct RegistryFile: Sendable, Hashable {
    public let blob: BlobDescriptor
    /// Its title: a name without a path.
    public let name: String
    /// What KubeVirt calls it, if it is the disk of a machine.
    public let diskName: String?

    /// It is a disk as it is, packed by zstd, whatever its title is.
    public var isRawDisk: Bool { MediaType.bare(blob.mediaType) == RegistryContent.diskType }

    /// Name and title, for people.
    public var names: [String] { [diskName, name].compactMap(\.self).filter { !$0.isEmpty } }
}

extension RegistryContent {
    /// A disk as it is, in zstd (kubevirt/enhancements, VEP 256).
    public static let diskType = "application/vnd.kubevirt.disk.raw+zstd"
    /// The name of a file (OCI image-spec, annotations.md).
    public static let titleKey = "org.opencontainers.image.title"
    public static let diskNameKey = "io.kubevirt.disk.name"

    /// What it holds.
    ///
    /// - Throws: `UnsupportedImage` for what no image can be made of, saying what that is.
    public func holding(_ reference: DockerReference) throws(Failure) -> RegistryHolding {
        func refusal(_ what: String, hint: String? = nil) -> Failure {
            Failure(.unsupportedImage, "\(reference) is \(what): no image is made of it so", hint: hint)
        }
        guard config != nil else { return .layers([]) }
        if let blob = blobs.first(where: { MediaType.bare($0.mediaType).contains("+encrypted") }) {
            throw refusal("encrypted (\(blob.digest))", hint: "skopeo copy --decryption-key makes one that is not")
        }
        let types = [artifactType, config?.mediaType ?? ""] + blobs.map(\.mediaType)
        for known in Self.others where types.contains(where: { $0.hasPrefix(known.type) }) {
            throw refusal(known.what)
        }
        if types.contains(where: { $0.hasPrefix(Self.ownTypes) }) {
            throw refusal("in a repository of images of imgadm's own", hint: Self.repositoryHint(reference))
        }
        guard !artifactType.isEmpty || blobs.contains(where: Self.isFile) else { return .layers(blobs) }
        let files = blobs.map { blob in
            let title = blob.annotations[Self.titleKey] ?? ""
            let isDisk = MediaType.bare(blob.mediaType) == Self.diskType
            return RegistryFile(
                blob: blob,
                name: String(
                    (title.split(separator: "/").last ?? (isDisk ? "disk.raw.zst" : "")).prefix(Self.longestName)),
                diskName: blob.annotations[Self.diskNameKey])
        }
        guard !files.isEmpty else {
            throw refusal("an artifact of type \"\(artifactType.prefix(100))\" without a file")
        }
        return .files(files)
    }

    /// In characters: longer ones are cut.
    private static let longestName = 255

    private static func isFile(_ blob: BlobDescriptor) -> Bool {
        let type = MediaType.bare(blob.mediaType)
        return type == diskType
            || blob.annotations[titleKey] != nil && !type.contains(".layer.") && !type.contains(".diff.")
    }

    /// What the types of a repository of images begin with.
    static let ownTypes = "application/vnd.imgadm."

    /// How an image is had of a repository of images.
    static func repositoryHint(_ reference: DockerReference) -> String {
        let repository = "\(RepositoryAddress.scheme)://\(reference.canonicalName)"
        guard let uuid = reference.tag.flatMap({ ImageUUID($0) }) else {
            return "imgadm sources -a \(repository) adds that repository as a source, and imgadm avail shows its images"
        }
        return "imgadm import -S \(repository) \(uuid)"
    }

    private static let others: [(type: String, what: String)] = [
        ("application/vnd.cirruslabs.tart.", "a virtual machine of tart (macOS hosts)"),
        ("application/vnd.cncf.helm.", "a chart of Helm"),
        ("application/vnd.docker.plugin.", "a plugin of docker"),
        ("application/vnd.dev.cosign.", "a signature"),
        ("application/vnd.dev.sigstore.", "a signature"),
        ("application/vnd.in-toto", "a statement about another image"),
        ("application/vnd.wasm.", "a program in WebAssembly"),
        ("application/spdx", "a list of what is in another image"),
        ("application/vnd.cyclonedx", "a list of what is in another image"),
    ]
}
