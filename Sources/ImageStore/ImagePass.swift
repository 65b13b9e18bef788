import Compression
import Failure
import Host

/// The one pass of the pipeline: every byte is counted, hashed, inflated and written to `zfs receive` as it comes by, in
/// line, in constant memory.
struct ImagePass {
    private var digest: ImageFileDigest
    private let compression: CompressionFormat?
    private var decompressor: Decompressor?
    private var head: [UInt8] = []

    /// - Parameter compression: as the manifest states; nil to find out from the first bytes.
    init(check: ImageFileCheck, compression: CompressionFormat?) {
        digest = ImageFileDigest(check)
        self.compression = compression
    }

    /// Sends a whole file through.
    ///
    /// - Throws: `DownloadError` for what is wrong with the file; `ChildInput.Closed` when the receiver stopped reading.
    mutating func run(_ reader: inout some ImageFileReader, into child: ChildInput) async throws {
        do {
            while try await reader.next({ bytes in try feed(bytes, into: child) }) {}
            try finish(into: child)
        } catch let error as CompressionError {
            throw Failure(.downloadError, "the image file cannot be decompressed", cause: error)
        }
        try digest.finish()
    }

    private mutating func feed(_ bytes: RawSpan, into child: ChildInput) throws {
        try digest.update(bytes)
        if let decompressor {
            try decompressor.decode(bytes, emit: child.write)
            return
        }
        if let compression {
            try start(compression).decode(bytes, emit: child.write)
            return
        }
        unsafe bytes.withUnsafeBytes { unsafe head.append(contentsOf: $0) }
        if head.count >= CompressionFormat.sniffLength { try sniff(into: child) }
    }

    private mutating func sniff(into child: ChildInput) throws {
        let bytes = head
        head = []
        try unsafe start(CompressionFormat.sniff(bytes)).decode(bytes.span.bytes, emit: child.write)
    }

    private mutating func start(_ format: CompressionFormat) throws -> Decompressor {
        let new = try Decompressor(format)
        decompressor = new
        return new
    }

    private mutating func finish(into child: ChildInput) throws {
        if !head.isEmpty { try sniff(into: child) }
        try (decompressor ?? start(compression ?? .none)).finish(emit: child.write)
    }
}
