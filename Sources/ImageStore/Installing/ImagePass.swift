import Compression
import Failure
import ImageModel

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
        digest = ImageFileDigest(check, noting: true)
        self.compression = compression
        self.limits = limits
    }

    /// The SHA-256 of the file that went through, whatever was stated of it; nil before it has.
    var fileSHA256: String? { digest.fileSHA256 }

    /// Sends a whole file through.
    ///
    /// - Parameter emit: takes the inflated bytes.
    /// - Throws: `DownloadError` for what is wrong with the file; whatever `emit` throws.
    mutating func run(_ reader: inout some ImageFileReader, emit: (RawSpan) throws -> Void) async throws {
        while try await reader.next({ bytes in try feed(bytes, emit) }) {}
        try finish(emit)
    }

    /// Sends the beginning of a file through, a little at a time, since a little can become much.
    ///
    /// - Parameter isEnough: is asked after each step.
    /// - Returns: what has been read beyond that, which is to be fed next; nil if the file has come to its end, and all of it
    ///   has gone through.
    mutating func begin(
        _ reader: inout some ImageFileReader, until isEnough: () -> Bool, emit: (RawSpan) throws -> Void
    ) async throws -> [UInt8]? {
        var rest: [UInt8] = []
        while !isEnough() {
            var read = 0
            let more = try await reader.next { bytes in
                while read < bytes.byteCount, !isEnough() {
                    let step = min(512, bytes.byteCount - read)
                    try feed(bytes.extracting(read..<read + step), emit)
                    read += step
                }
                unsafe bytes.extracting(droppingFirst: read).withUnsafeBytes { unsafe rest.append(contentsOf: $0) }
            }
            guard more else {
                try finish(emit)
                return nil
            }
        }
        return rest
    }

    /// Sends bytes of a file through.
    mutating func feed(_ bytes: RawSpan, _ emit: (RawSpan) throws -> Void) throws {
        do {
            try digest.update(bytes)
            try unpack(bytes, emit)
        } catch let error as CompressionError {
            throw ImagePass.failure(error)
        }
    }

    private static func failure(_ error: CompressionError) -> ImageFileError {
        ImageFileError("the image file cannot be decompressed", cause: error)
    }

    private mutating func unpack(_ bytes: RawSpan, _ emit: (RawSpan) throws -> Void) throws {
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

    /// The file has come to its end.
    mutating func finish(_ emit: (RawSpan) throws -> Void) throws {
        do {
            if !head.isEmpty { try sniff(emit) }
            try (decompressor ?? start(compression ?? .none)).finish(emit: emit)
        } catch let error as CompressionError {
            throw ImagePass.failure(error)
        }
        try digest.finish()
    }
}
