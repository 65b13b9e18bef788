public import Compression

/// Reads a disk out of its image: raw, qcow2, VMDK, VHD, VHDX; also within OVA, gzip, bzip2, xz and zstd.
///
/// The image may be hostile. What is done is bounded by the bytes that are there, not by what they claim; memory, by the
/// limits.
public struct DiskReader {
    public let description: DiskDescription
    private let limits: DiskLimits
    private let content: ContentReader
    private var map: (any DiskMap)?
    private let wrapper: OVASource?
    /// Of the disk; set at the end.
    private var size: UInt64?

    /// - Parameters:
    ///   - scratch: needed only of an image that is wrapped in something.
    /// - Throws: `DiskError`, `CompressionError`, `TarError`, and what reading throws.
    public init(_ file: any DiskFile, scratch: (any ScratchStore)? = nil, limits: DiskLimits = DiskLimits()) throws {
        var file = file
        var first = [UInt8](repeating: 0, count: Wrapping.sniffLength)
        let count = try unsafe first.withUnsafeMutableBytes { try unsafe file.read(at: 0, into: $0) }
        guard Wrapping.of(Array(first[..<count])) != nil else {
            try self.init(DiskBytes(file), [], nil, limits)
            return
        }
        try self.init(stream: FileSource(file), scratch: scratch, limits: limits)
    }

    /// - Throws: as above.
    public init(stream: any ByteSource, scratch: (any ScratchStore)?, limits: DiskLimits = DiskLimits()) throws {
        let unwrapped = try Wrapping.unwrap(stream, limits)
        try self.init(
            DiskBytes(unwrapped.source, scratch: scratch, limits: limits), unwrapped.names, unwrapped.archive, limits)
    }

    /// The same of a file, whose holes are not read unless it is packed.
    ///
    /// - Throws: as above.
    public init(rawFile file: any DiskFile, in compression: CompressionFormat, limits: DiskLimits = DiskLimits()) throws
    {
        if compression == .none {
            try self.init(DiskBytes(file), [], nil, limits, isRaw: true)
        } else {
            try self.init(rawStream: FileSource(file), in: compression, limits: limits)
        }
    }

    /// A disk that is kept as it is, within one compression at most, whatever its bytes look like: those are its machine's, which may
    /// write what looks like another format.
    ///
    /// - Throws: as above.
    public init(rawStream stream: any ByteSource, in compression: CompressionFormat, limits: DiskLimits = DiskLimits())
        throws
    {
        var source = stream
        if compression != .none {
            let peeked = try PeekedSource(stream)
            guard CompressionFormat.sniff(peeked.first) == compression else {
                throw DiskError(.notADisk, at: 0, "it is not packed by \(compression.rawValue)")
            }
            source = try DecompressedSource(peeked, compression, limits)
        }
        let names = compression == .none ? [] : [compression.rawValue]
        try self.init(DiskBytes(source, scratch: nil, limits: limits), names, nil, limits, isRaw: true)
    }

    private init(
        _ bytes: DiskBytes, _ wrappers: [String], _ archive: OVASource?, _ limits: DiskLimits, isRaw: Bool = false
    ) throws {
        var bytes = bytes
        let (format, map) = isRaw ? (.raw, nil) : try FormatChoice.open(&bytes)
        description = DiskDescription(
            format: format, wrappers: wrappers, detail: map?.detail ?? "", size: map?.size ?? bytes.fileSize,
            clusterSize: map?.clusterSize)
        if let size = description.size { try Self.check(size, limits) }
        content = ContentReader(bytes, isAsItIs: isRaw, limits)
        self.map = map
        self.limits = limits
        wrapper = archive
    }

    /// How far the disk has been read, from its beginning.
    public var reached: UInt64 { size ?? content.reached }

    /// There is no disk, and no file system on one, of fewer bytes.
    public static let sector: UInt64 = 512

    private static func check(_ size: UInt64, _ limits: DiskLimits) throws {
        guard size > 0 else { throw DiskError(.badHeader, at: 0, "the disk has no bytes") }
        guard size <= limits.size else {
            throw DiskError(.limit, at: 0, "the disk has \(size) bytes, and may have \(limits.size)")
        }
    }

    /// Reads the whole disk. What was handed out counts only if this ends well.
    ///
    /// - Returns: bytes of the disk.
    /// - Throws: as above, and what the visitor throws.
    public consuming func read(to visitor: inout some DiskVisitor) throws -> UInt64 {
        var reader = self
        while true {
            if let size = try reader.step(to: &visitor) { return size }
        }
    }

    /// Reads a piece of the disk, 2 MiB at most, if there is content there.
    ///
    /// - Returns: nil while there is more to come; bytes of the disk at its end.
    /// - Throws: as above, and what the visitor throws.
    public mutating func step(to visitor: inout some DiskVisitor) throws -> UInt64? {
        if let size { return size }
        let reached: UInt64
        if map != nil {
            guard try content.step(&map, to: &visitor) else { return nil }
            reached = map?.size ?? 0
        } else {
            guard let end = try content.stepRaw(limits, to: &visitor) else { return nil }
            reached = end
            try Self.check(reached, limits)
        }
        try content.bytes.finish()
        try wrapper?.finish()
        guard reached >= Self.sector else {
            throw DiskError(.badHeader, at: 0, "the disk has \(reached) bytes, and a sector has \(Self.sector)")
        }
        size = reached
        return reached
    }
}
