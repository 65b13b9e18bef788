import Compression
import Failure
import Glibc
import HostConfig
import ImageModel
import ImageSource
import ImageStore
import Transport
import ZFS

/// An image that is to be installed, where its file is, and what that must be.
struct PlannedImage: Sendable {
    let manifest: Manifest
    /// How lines of progress name it.
    let title: String
    let request: HTTPRequest
    /// What its request goes by.
    let transport: Transport
    let check: ImageFileCheck
    /// Nil to find out from the first bytes.
    let compression: CompressionFormat?
    /// The server's Content-MD5 stands in for the checksum that the manifest lacks (cli.md §3, import 7).
    let trustsMD5: Bool
    /// It is a layer of a docker image; else its file is a stream of ZFS.
    let layer: LayerToUnpack?

    var uuid: ImageUUID { manifest.uuid }

    /// An image of a source that knows it by its UUID.
    ///
    /// - Throws: `InvalidManifest`.
    init(
        _ manifest: Manifest, of source: any ImageSource, by transport: Transport, isRawStream: Bool,
        limits: LayerLimits
    ) throws {
        guard let file = manifest.files.first else {
            throw Failure(.invalidManifest, "the manifest of image \(manifest.uuid) names no file")
        }
        self.manifest = manifest
        title = manifest.progressTitle
        request = try source.fileRequest(of: manifest)
        self.transport = transport
        check = isRawStream ? .none : ImageFileCheck(file)
        compression = isRawStream ? CompressionFormat.none : try CompressionFormat(of: manifest)
        trustsMD5 = !isRawStream && !check.isStrong
        let diffID = file.uncompressedDigest.flatMap { ContentDigest($0) }
        layer = manifest.type == "docker" ? LayerToUnpack(diffID: diffID, limits: limits) : nil
    }

    /// A layer of a registry's image.
    init(_ layer: DockerLayer, title: String, limits: LayerLimits) {
        manifest = layer.manifest
        self.title = title
        request = layer.request
        transport = layer.transport
        var check = ImageFileCheck(size: layer.size, digest: layer.digest)
        // Where the manifest is of a kind that states no sizes, a layer has no more bytes packed than it may have unpacked.
        if layer.size == nil { check.most = Int64(clamping: limits.bytes) }
        self.check = check
        compression = nil
        trustsMD5 = false
        self.layer = LayerToUnpack(diffID: layer.diffID, limits: limits)
    }

    /// Its file is read a second time if it must be, so it has to be here first: a layer above others.
    var needsWholeFile: Bool { layer != nil && manifest.origin != nil }

    func toInstall(from source: SourceDescriptor, pool: PoolName) -> ImageToInstall {
        ImageToInstall(
            manifest: manifest, source: source.url.base, pool: pool, check: check, compression: compression)
    }
}

extension LayerLimits {
    init(_ settings: DockerSettings) {
        self.init()
        entries = settings.layerEntries
        bytes = UInt64(settings.layerBytes)
        nameLength = settings.nameLength
        window = settings.windowBytes
    }
}

extension ImageTool {
    /// - Throws: `PermissionDenied` unless files of any owner can be made.
    static func checkUser() throws(Failure) {
        guard geteuid() == 0 else {
            throw Failure(
                .permissionDenied, "docker images are unpacked file by file, which only root can do",
                hint: "run as root")
        }
    }
}
