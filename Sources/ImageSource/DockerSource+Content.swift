import Compression
public import ImageModel
public import JSON
import NIOCore
public import OCIRegistry
import Transport

/// What lies in a registry and is no image of type docker.
extension DockerSource {
    /// The repository of a reference, to be written.
    public func repository(of reference: DockerReference) -> RemoteRepository {
        client.repository(reference.repository)
    }

    /// What a reference leads to.
    ///
    /// - Throws: `ImageNotFound`, `Unauthorized`, `PlatformNotFound`, `UnsupportedImage`, `SourceError`, `DownloadError`.
    public func content(_ reference: DockerReference, for platform: OCIPlatform) async throws -> RegistryContent {
        try await client.content(reference, for: platform)
    }

    /// The config of an image.
    ///
    /// - Returns: nil if it is none in JSON.
    /// - Throws: as above.
    public func config(of content: RegistryContent, _ reference: DockerReference) async throws -> JSONValue? {
        guard let config = content.config, config.size > 0 else { return nil }
        let bytes = try await client.repository(reference.repository).content(of: config)
        // An artifact may have anything for its config.
        return try? JSONValue(parsing: bytes, limits: JSONLimits(depth: 64))
    }

    /// The first bytes of a blob, as many as tell what it is, and no more of it where the registry knows ranges.
    ///
    /// - Throws: `DownloadError`.
    public func head(of blob: BlobDescriptor, in reference: DockerReference) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for length in UnpackedBeginning.lengths {
            let end = min(Int64(length), blob.size)
            // All bytes of a blob are of one file, as its digest says.
            guard end > bytes.count else { break }
            let download = client.repository(reference.repository).download(blob, Int64(bytes.count)..<end)
            while let piece = try await download.next() { bytes += piece.readableBytesView }
            if UnpackedBeginning.isEnough(bytes, isWhole: end == blob.size) { break }
        }
        return bytes
    }

    /// Where a blob is.
    public func place(of blob: BlobDescriptor, in reference: DockerReference) -> ImageFilePlace {
        .server(request(blob, reference), client.transport(for: reference.repository))
    }

    /// Where the disk is that lies in layers.
    ///
    /// - Parameter layers: from the base up.
    public func place(ofDiskIn layers: [BlobDescriptor], in reference: DockerReference) -> ImageFilePlace {
        .containerDisk(
            layers.map { (request($0, reference), ImageFileCheck(size: $0.size, digest: $0.digest)) },
            client.transport(for: reference.repository))
    }

    private func request(_ blob: BlobDescriptor, _ reference: DockerReference) -> HTTPRequest {
        client.blobRequest(blob.digest, in: reference.repository)
    }
}
