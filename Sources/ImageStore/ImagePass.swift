import Compression
import Failure

/// The one pass of the pipeline: every byte is counted, hashed, inflated and handed on as it comes by, in line, in constant
/// memory.
struct ImagePass {
    private var digest: ImageFileDigest
    private let compression: CompressionFormat?
    private let limits: DecompressionLimits
    private var decompressor: Decompressor?
    private var head: [UInt8] = []

    /// - Parameter compression: as the manifest states; nil to find out from the first bytes.
    init(
        check: ImageFileCheck, compression: CompressionFormat?, limits: DecompressionLimits = DecompressionLimits()
    ) {
        digest = ImageFileDigest(check)
        self.compression = compression
        self.limits = limits
    }

    /// Sends a whole file through.
    ///
    /// - Parameter emit: takes the inflated bytes.
    /// - Throws: `DownloadError` for what is wrong with the file; whatever `emit` throws.
    mutating func run(_ reader: inout some ImageFileReader, emit: (RawSpan) throws -> Void) async throws {
        do {
            while try await reader.next({ bytes in try feed(bytes, emit) }) {}
            try finish(emit)
        } catch let error as CompressionError {
            throw Failure(.downloadError, "the image file cannot be decompressed", cause: error)
        }
        try digest.finish()
    }

    private mutating func feed(_ bytes: RawSpan, _ emit: (RawSpan) throws -> Void) throws {
        try digest.update(bytes)
        if let decompressor {
            try decompressor.decode(bytes, emit: emit)
            return
        }
        if let compression {
            try start(compression).decode(bytes, emit: emit)
            return
        }
        unsafe bytes.withUnsafeBytes { unsafe head.append(contentsOf: $0) }
        if head.count >= CompressionFormat.sniffLength { try sniff(emit) }
    }

    private mutating func sniff(_ emit: (RawSpan) throws -> Void) throws {
        let bytes = head
        head = []
        try unsafe start(CompressionFormat.sniff(bytes)).decode(bytes.span.bytes, emit: emit)
    }

    private mutating func start(_ format: CompressionFormat) throws -> Decompressor {
        let new = try Decompressor(format, limits: limits)
        decompressor = new
        return new
    }

    private mutating func finish(_ emit: (RawSpan) throws -> Void) throws {
        if !head.isEmpty { try sniff(emit) }
        try (decompressor ?? start(compression ?? .none)).finish(emit: emit)
    }
}
