public import Compression
import Failure

/// The unpacked bytes of an image file from the first to the last, with the first of them known beforehand.
public final class UnpackedFile {
    public let file: GivenFile
    /// How it is packed, by its first bytes.
    public let compression: CompressionFormat
    /// The first unpacked bytes: `headLength` at least, or all there are.
    public private(set) var head: [UInt8] = []
    /// Gets the packed bytes as they are read.
    private let tap: (RawSpan) -> Void
    private let decompressor: Decompressor
    private var hasEnded = false

    /// Enough to know all kinds of images and file systems by.
    public static let headLength = 128 << 10

    /// Reads the beginning of a file.
    ///
    /// - Parameters:
    ///   - file: at its beginning.
    ///   - limits: of what it unpacks to. The file is on this host already, and what is made of it is not kept in memory.
    ///   - tap: gets all bytes of the file as they lie there, as they are read.
    /// - Throws: `InvalidFile` for what cannot be unpacked; `FileSystemError`.
    public init(
        _ file: GivenFile, limits: DecompressionLimits = DecompressionLimits(), tap: @escaping (RawSpan) -> Void = { _ in }
    ) throws {
        self.file = file
        self.tap = tap
        var first = [UInt8](repeating: 0, count: CompressionFormat.sniffLength)
        var known = 0
        while known < first.count {
            let count = try unsafe first.withUnsafeMutableBytes {
                try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[known...]))
            }
            if count == 0 { break }
            known += count
        }
        first.removeLast(first.count - known)
        compression = CompressionFormat.sniff(first)
        do {
            decompressor = try Decompressor(compression, limits: limits)
        } catch {
            throw Self.failure(error, file)
        }
        // A little at a time, since a little can become much.
        try unsafe feed(first.span.bytes) { bytes in keep(bytes) }
        var buffer = [UInt8](repeating: 0, count: 512)
        while head.count < Self.headLength, try step(&buffer, { bytes in keep(bytes) }) {}
    }

    /// Hands on all unpacked bytes, those of the head first. It can be done once.
    ///
    /// - Throws: `InvalidFile` for what cannot be unpacked; `FileSystemError`; whatever `body` throws.
    public func read(_ body: (RawSpan) throws -> Void) throws {
        let first = head
        try unsafe body(first.span.bytes)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while try step(&buffer, body) {}
    }

    private func keep(_ bytes: RawSpan) { unsafe bytes.withUnsafeBytes { unsafe head.append(contentsOf: $0) } }

    private func step(_ buffer: inout [UInt8], _ body: (RawSpan) throws -> Void) throws -> Bool {
        guard !hasEnded else { return false }
        let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
        guard count > 0 else {
            hasEnded = true
            do {
                try decompressor.finish(emit: body)
            } catch let error as CompressionError {
                throw Self.failure(error, file)
            }
            return false
        }
        try unsafe feed(buffer.span.bytes.extracting(0..<count), body)
        return true
    }

    private func feed(_ bytes: RawSpan, _ body: (RawSpan) throws -> Void) throws {
        tap(bytes)
        do {
            try decompressor.decode(bytes, emit: body)
        } catch let error as CompressionError {
            throw Self.failure(error, file)
        }
    }

    private static func failure(_ error: CompressionError, _ file: GivenFile) -> Failure {
        Failure(
            .invalidFile, "\"\(file.name)\" cannot be unpacked", cause: error,
            hint: "the file is damaged, or was not copied whole")
    }
}
