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
    private var hasGivenHead = false
    /// Packed bytes, and which of them are to be unpacked yet.
    private var input: [UInt8]
    private var available: Range<Int>

    private static let inputLength = 256 << 10

    /// Enough to know all kinds of images and file systems by.
    public static let headLength = UnpackedBeginning.enough

    /// Reads the beginning of a file.
    ///
    /// - Parameters:
    ///   - file: at its beginning.
    ///   - given: how the file is packed, whatever its first bytes look like; nil: they tell.
    ///   - limits: of what it unpacks to. The file is on this host already, and what is made of it is not kept in memory.
    ///   - tap: gets all bytes of the file as they lie there, as they are read.
    /// - Throws: `InvalidFile` for what cannot be unpacked; `FileSystemError`.
    public init(
        _ file: GivenFile, in given: CompressionFormat? = nil, limits: DecompressionLimits = DecompressionLimits(),
        tap: @escaping (RawSpan) -> Void = { _ in }
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
        compression = given ?? CompressionFormat.sniff(first)
        tap(unsafe first.span.bytes)
        do {
            decompressor = try Decompressor(compression, limits: limits)
        } catch {
            throw Self.failure(error, file)
        }
        input = first
        available = 0..<first.count
        // A piece at a time, since a little can become much.
        while head.count < Self.headLength, try step({ bytes in keep(bytes) }) {}
    }

    /// Hands on all unpacked bytes, those of the head first. It can be done once.
    ///
    /// - Throws: `InvalidFile` for what cannot be unpacked; `FileSystemError`; whatever `body` throws.
    public func read(_ body: (RawSpan) throws -> Void) throws {
        while try readPiece(body) {}
    }

    /// Hands on the next unpacked bytes, 1 MiB at most, those of the head first.
    ///
    /// - Returns: false at the end.
    /// - Throws: as above.
    public func readPiece(_ body: (RawSpan) throws -> Void) throws -> Bool {
        if !hasGivenHead {
            hasGivenHead = true
            let first = head
            try unsafe body(first.span.bytes)
            return true
        }
        return try step(body)
    }

    private func keep(_ bytes: RawSpan) { unsafe bytes.withUnsafeBytes { unsafe head.append(contentsOf: $0) } }

    private func step(_ body: (RawSpan) throws -> Void) throws -> Bool {
        guard !hasEnded else { return false }
        do {
            if available.isEmpty, try !fill() {
                hasEnded = try decompressor.finishPiece(emit: body)
                return !hasEnded
            }
            let bytes = input
            let used = try unsafe decompressor.decodePiece(bytes.span.bytes.extracting(available), emit: body)
            available = (available.lowerBound + used)..<available.upperBound
            return true
        } catch let error as CompressionError {
            throw Self.failure(error, file)
        }
    }

    /// - Returns: false at the file's end.
    private func fill() throws -> Bool {
        if input.count < Self.inputLength { input = [UInt8](repeating: 0, count: Self.inputLength) }
        let count = try unsafe input.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
        available = 0..<count
        let bytes = input
        if count > 0 { tap(unsafe bytes.span.bytes.extracting(0..<count)) }
        return count > 0
    }

    private static func failure(_ error: CompressionError, _ file: GivenFile) -> Failure {
        Failure(
            .invalidFile, "\"\(file.name)\" cannot be unpacked", cause: error,
            hint: "the file is damaged, or was not copied whole")
    }
}
