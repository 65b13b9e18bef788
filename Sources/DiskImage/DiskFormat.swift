/// How an image file keeps a disk.
public enum DiskFormat: String, Sendable, Hashable, CaseIterable {
    case raw, qcow2, vmdk, vhd, vhdx
}

/// What a disk image is, before its content is read.
public struct DiskDescription: Sendable, Hashable {
    public var format: DiskFormat
    /// What the image is wrapped in, outermost first: `gzip`, `bzip2`, `xz`, `zstd`, `ova`.
    public var wrappers: [String] = []
    /// Of the format, for people: `version 3, clusters of 65536 bytes`.
    public var detail = ""
    /// Bytes of the disk; nil of a raw disk that comes as a stream.
    public var size: UInt64?
    /// Bytes that the format keeps together: of qcow2 a cluster, of VMDK a grain; nil of the others.
    public var clusterSize: Int?
}

/// What a disk image may take.
public struct DiskLimits: Sendable {
    /// Bytes of the disk.
    public var size: UInt64
    /// Bytes of memory for what comes before its turn, of an image that comes as a stream; what is more goes to the
    /// ``ScratchStore``.
    public var reorderBytes: Int
    /// Bytes that an image within gzip, bzip2, xz or zstd may unpack to.
    public var unpackedBytes: UInt64
    /// Bytes that are read, unpacked together and handed on at a time. Small ones are for fuzzing, to which fresh memory is dear.
    var pieceBytes = 1 << 20
    /// Bytes of a stream that are kept and forgotten together, and that are read ahead of what is unpacked.
    var chunkBytes = 256 << 10
    /// Packed pieces are unpacked on threads of their own.
    var unpacksAside = true

    public init(size: UInt64 = 1 << 60, reorderBytes: Int = 32 << 20, unpackedBytes: UInt64 = 1 << 60) {
        self.size = size
        self.reorderBytes = reorderBytes
        self.unpackedBytes = unpackedBytes
    }
}

/// What is done with the content of a disk.
public protocol DiskVisitor {
    /// Content, ascending, in pieces of any length up to 1 MiB or so; what never comes is zero.
    ///
    /// - Parameters:
    ///   - bytes: valid during the call only. Some of them may be zero, but no longer run of them.
    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws
}
