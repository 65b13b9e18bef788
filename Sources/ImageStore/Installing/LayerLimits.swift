import Compression
import ImageModel
import Tar

/// What one layer may take of this host (docker.md, "Extraction").
public struct LayerLimits: Sendable, Hashable {
    /// Entries of the archive.
    public var entries = DockerLimits.layerEntries
    /// Bytes of its files together, holes included.
    public var bytes = UInt64(DockerLimits.layerBytes)
    /// Bytes of a path.
    public var nameLength = DockerLimits.nameLength
    /// Bytes of memory that a compressed layer may ask for, such as the window of zstd.
    public var window = DockerLimits.windowBytes

    public init() {}
}

extension LayerLimits {
    /// Of the archive of a layer.
    var tar: TarLimits { TarLimits(entries: entries, contentBytes: bytes, nameLength: nameLength) }

    /// Of its file. Headers take room beside the content.
    var decompression: DecompressionLimits {
        let (headers, isTooMuch) = UInt64(max(0, entries)).multipliedReportingOverflow(by: 4096)
        let (output, overflow) = bytes.addingReportingOverflow(isTooMuch ? .max : headers)
        return DecompressionLimits(memory: window, output: overflow ? .max : output)
    }
}
