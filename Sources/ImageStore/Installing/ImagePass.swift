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
    /// What `begin` has read, and has not sent through.
    private var rest: [UInt8] = []
    /// It is known what the file should be, and how long it is: so its rest tells, and comes to an end.
    private let isKnown: Bool
    private var isOver = false

    /// - Parameter compression: as the manifest states; nil to find out from the first bytes.
    init(
        check: ImageFileCheck, compression: CompressionFormat?, limits: DecompressionLimits = DecompressionLimits()
    ) {
        digest = ImageFileDigest(check, noting: true)
        isKnown = check.isStrong && check.size != nil
        self.compression = compression
        self.limits = limits
    }

    /// The SHA-256 of the file that went through, whatever was stated of it; nil before it has.
    var fileSHA256: String? { digest.fileSHA256 }

    /// Sends a whole file through, or what `begin` has left of it.
    ///
    /// - Parameter emit: takes the inflated bytes.
    /// - Throws: `DownloadError` for what is wrong with the file; whatever `emit` throws.
    mutating func run(_ reader: inout some ImageFileReader, emit: (RawSpan) throws -> Void) async throws {
        guard !isOver else { return }
        let first = rest
        rest = []
        try unsafe feed(first.span.bytes, emit)
        while try await reader.next({ bytes in try feed(bytes, emit) }) {}
        try finish(emit)
    }

    /// Sends the beginning of a file through, a little at a time, since a little can become much. Of a file that is shorter,
    /// all of it goes through.
    ///
    /// - Parameter isEnough: is asked after each step.
    mutating func begin(
        _ reader: inout some ImageFileReader, until isEnough: () -> Bool, emit: (RawSpan) throws -> Void
    ) async throws {
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
            guard more else { return try finish(emit) }
        }
    }

    /// Says what went wrong with a file: what its bytes make no sense to, or what ZFS refuses, may be damage of the way. Only
    /// the rest of the file tells, so it is read and hashed.
    ///
    /// - Parameter error: of whoever read the content.
    /// - Returns: `DownloadError` if the file is not what it should be; else, or where that is not known, the error itself.
    mutating func blame(_ error: any Error, reading reader: inout some ImageFileReader) async -> any Error {
        guard !isOver, !(error is ImageFileError) else { return error }
        guard isKnown else { return await reader.blame(error) }
        let unread = rest
        rest = []
        do {
            try unsafe digest.update(unread.span.bytes)
            while try await reader.next({ bytes in try digest.update(bytes) }) {}
            try digest.finish()
        } catch let wrong as ImageFileError {
            return ImageFileError(wrong.failure.message, cause: error)
        } catch {
            // What stopped first is told.
        }
        return error
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
        isOver = true
        do {
            if !head.isEmpty { try sniff(emit) }
            try (decompressor ?? start(compression ?? .none)).finish(emit: emit)
        } catch let error as CompressionError {
            throw ImagePass.failure(error)
        }
        try digest.finish()
    }
}
