public import ImageModel
import JSON

/// An image that a server offers: the root of containers, or the disk of virtual machines, of one version of a product.
public struct StreamsImage: Sendable {
    /// By ``ContentUUID`` from the SHA-256 of ``file``: so the same image has the same UUID whichever server it is found on,
    /// and as if its file had been imported by its URL.
    public let uuid: ImageUUID
    public let kind: ContentUUID.Kind
    public let form: StreamsForm
    /// The file that makes the image. `metadata.yaml` and templates of containers are no part of it.
    public let file: StreamsItem
    /// The archive with `metadata.yaml`, where there is one.
    public let metadata: StreamsItem?
    /// By which incus and LXD know the image: the SHA-256 of metadata and file together, where the server states it.
    public let fingerprint: ContentDigest?
    /// `alias` of the product that is shown as the image's name.
    public let name: String
    /// All by which it is asked for, in lower case.
    public let aliases: [String]
    /// The version's key: `20250814_05:24`.
    public let serial: String
    public let publishedAt: String
    public let architecture: Architecture
    public let os: ImageOS
    /// The product's key, as `debian:bookworm:amd64:cloud`.
    public let product: String
    /// For people, as `Debian trixie cloud`.
    public let description: String
    /// The day from which nobody cares for the product any more, as the list spells it.
    public let supportEnds: String?

    /// The version's key without its colons, which have no place in a manifest's version: `20250814_0524`.
    public var version: String { serial.replacing(":", with: "") }

    /// What a listing shows of it. The size of a volume is in its disk, and not known before that is looked at.
    public var manifest: Manifest {
        var manifest = Manifest(uuid: uuid)
        manifest["v"] = 2
        manifest["owner"] = .string(ImageUUID.zero.description)
        manifest["name"] = .string(name)
        manifest["version"] = .string(version)
        manifest["state"] = .string(ImageState.active.rawValue)
        manifest["disabled"] = false
        manifest["public"] = true
        manifest["published_at"] = .string(publishedAt)
        manifest["type"] = .string((kind == .disk ? ImageType.zvol : .lxDataset).rawValue)
        manifest["os"] = .string(os.rawValue)
        manifest["description"] = .string(description)
        let file: JSONObject = [
            "size": .number(JSONNumber(file.size)), "compression": .string(form == .rootTar ? "xz" : "none"),
            "digest": .string(file.sha256.description),
        ]
        manifest["files"] = .array([.object(file)])
        if kind == .disk {
            manifest["nic_driver"] = "virtio"
            manifest["disk_driver"] = "virtio"
            manifest["cpu_type"] = "host"
        }
        manifest["tags"] = .object(tags)
        return manifest
    }

    private var tags: JSONObject {
        var tags: JSONObject = [
            "simplestreams:product": .string(product), "simplestreams:version": .string(serial),
            StreamsAliases.architectureTag: .string(architecture.rawValue),
        ]
        if !aliases.isEmpty { tags[StreamsAliases.tag] = .string(aliases.joined(separator: ",")) }
        if let fingerprint { tags["simplestreams:fingerprint"] = .string(fingerprint.hex) }
        if let supportEnds { tags["simplestreams:support_eol"] = .string(supportEnds) }
        return tags
    }
}
