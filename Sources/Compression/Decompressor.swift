/// What a compressed stream may take.
public struct DecompressionLimits: Sendable {
    /// Bytes of memory for the window of zstd and the dictionary of xz.
    public var memory: Int
    /// Bytes of output, if there is a limit.
    public var output: UInt64?
    /// Bytes of input in a row that unpack to nothing, such as empty gzip members, long names in their headers, and skippable
    /// frames of zstd. There may be some, but no end of them.
    public var idleInput: UInt64
    /// Bytes that are handed out at a time. Small ones are for fuzzing, to which fresh memory is dear.
    package var pieceBytes = 256 << 10

    public init(memory: Int = 128 << 20, output: UInt64? = nil, idleInput: UInt64 = 256 << 20) {
        self.memory = memory
        self.output = output
        self.idleInput = idleInput
    }
}

/// One compressed stream, decoded as its bytes arrive, in constant memory.
///
/// Streams that follow each other count as one, as their formats say; anything else after the end is an error.
public final class Decompressor {
    public let format: CompressionFormat
    /// Compressed bytes taken in so far.
    public private(set) var bytesIn: UInt64 = 0
    /// Bytes handed out so far, or about to be.
    public private(set) var bytesOut: UInt64 = 0

    private let engine: (any Engine)?
    private let limits: DecompressionLimits
    private let output: OutputBuffer
    private var place = Place.before
    /// Bytes taken in since the last that were handed out.
    private var idle: UInt64 = 0

    private enum Place {
        /// Nothing has been read.
        case before
        case inside
        /// A stream has ended, and another may follow.
        case between
        /// Padding follows the last stream.
        case padding
    }

    /// - Throws: `CompressionError` if the format cannot be read at all.
    public convenience init(
        _ format: CompressionFormat, limits: DecompressionLimits = DecompressionLimits()
    ) throws(CompressionError) {
        try self.init(format, engine: EngineChoice.standard(format, limits), limits: limits)
    }

    /// Without threads of its own: what the bytes that were taken in unpack to is handed out, or lies ready for ``flush(emit:)``,
    /// as soon as they are there. For whoever has only the beginning of a stream.
    ///
    /// - Throws: as above.
    public convenience init(
        inOrder format: CompressionFormat, limits: DecompressionLimits = DecompressionLimits()
    ) throws(CompressionError) {
        try self.init(format, engine: EngineChoice.inOrder(format, limits), limits: limits)
    }

    init(_ format: CompressionFormat, engine: (any Engine)?, limits: DecompressionLimits) throws(CompressionError) {
        self.format = format
        self.engine = engine
        self.limits = limits
        output = OutputBuffer(capacity: engine == nil ? 0 : limits.pieceBytes)
    }

    /// Takes compressed bytes and hands out what they decode to, in pieces of up to 256 KiB that are valid only during the
    /// call.
    ///
    /// - Throws: `CompressionError`, and whatever `emit` throws.
    public func decode(_ input: RawSpan, emit: (RawSpan) throws -> Void) throws {
        var taken = 0
        while taken < input.byteCount {
            taken += try decodePiece(input.extracting(taken..<input.byteCount), emit: emit)
        }
    }

    /// The same, but stops behind the first piece that was handed out: a few bytes may unpack to gigabytes.
    ///
    /// - Returns: how many bytes of the input were taken; fewer than all only if a piece was handed out.
    public func decodePiece(_ input: RawSpan, emit: (RawSpan) throws -> Void) throws -> Int {
        guard let engine else {
            bytesIn += UInt64(input.byteCount)
            try count(input.byteCount)
            if !input.isEmpty { try emit(input) }
            return input.byteCount
        }
        let taken = try unsafe input.withUnsafeBytes { bytes in
            var rest = unsafe bytes[...]
            while unsafe !rest.isEmpty {
                switch place {
                case .before: place = .inside
                case .inside:
                    let step = try unsafe engine.step(
                        UnsafeRawBufferPointer(rebasing: rest), output.free, isLast: false)
                    unsafe rest = rest.dropFirst(step.consumed)
                    if try take(step, emit) { return unsafe bytes.count - rest.count }
                    if !step.ended && step.consumed == 0 && step.produced == 0 {
                        throw CompressionError(.corrupt, format, "no progress")
                    }
                case .between:
                    guard let first = unsafe rest.first, engine.canStart(with: first) else {
                        place = .padding
                        continue
                    }
                    try engine.restart()
                    place = .inside
                case .padding:
                    guard engine.allowsPadding, unsafe rest.allSatisfy({ $0 == 0 }) else {
                        throw CompressionError(.trailingGarbage, format)
                    }
                    try pass(unsafe rest.count)
                    return bytes.count
                }
            }
            return bytes.count
        }
        bytesIn += UInt64(taken)
        return taken
    }

    /// Hands out what has been decoded so far: for whoever looks at the beginning of a stream, and at no more.
    ///
    /// - Throws: whatever `emit` throws.
    public func flush(emit: (RawSpan) throws -> Void) throws { try output.flush(emit) }

    /// The input has ended: hands out the rest.
    ///
    /// - Throws: `CompressionError` if the data is not complete, and whatever `emit` throws.
    public func finish(emit: (RawSpan) throws -> Void) throws {
        while try !finishPiece(emit: emit) {}
    }

    /// The same, but a piece at a time.
    ///
    /// - Returns: true if that was the last.
    public func finishPiece(emit: (RawSpan) throws -> Void) throws -> Bool {
        guard let engine else { return true }
        if place == .before { throw CompressionError(.truncated, format, "it is empty") }
        var idle = 0
        while place == .inside {
            let step = try unsafe engine.step(UnsafeRawBufferPointer(start: nil, count: 0), output.free, isLast: true)
            // A decoder with threads may need a second call to notice that no more will come.
            idle = step.produced == 0 ? idle + 1 : 0
            if try take(step, emit) { return false }
            if !step.ended && idle > 1 {
                // liblzma takes a few bytes behind the end for the beginning of what follows it.
                throw CompressionError(.truncated, format, format == .xz ? "or a few bytes follow its end" : "")
            }
        }
        try output.flush(emit)
        return true
    }

    /// - Returns: true if a piece was handed out.
    private func take(_ step: EngineStep, _ emit: (RawSpan) throws -> Void) throws -> Bool {
        if step.produced > 0 { idle = 0 } else { try pass(step.consumed) }
        try count(step.produced)
        if step.ended { place = .between }
        return try output.advance(step.produced, emit)
    }

    /// Some input has come to nothing.
    private func pass(_ bytes: Int) throws(CompressionError) {
        idle += UInt64(bytes)
        guard idle <= limits.idleInput else {
            throw CompressionError(.outputLimit, format, "more than \(limits.idleInput) bytes of it unpack to nothing")
        }
    }

    private func count(_ bytes: Int) throws(CompressionError) {
        bytesOut += UInt64(bytes)
        if let limit = limits.output, bytesOut > limit {
            throw CompressionError(.outputLimit, format, "\(limit) bytes")
        }
    }
}

/// Decoded bytes on their way out, gathered so that each piece handed out is a large one.
@safe private final class OutputBuffer {
    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0

    init(capacity: Int) { unsafe memory = .allocate(byteCount: capacity, alignment: 64) }

    deinit { unsafe memory.deallocate() }

    /// Where the next bytes go; never empty.
    var free: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[count...])
    }

    /// - Returns: true if that made a piece, which was handed out.
    func advance(_ bytes: Int, _ emit: (RawSpan) throws -> Void) throws -> Bool {
        count += bytes
        guard unsafe count == memory.count else { return false }
        try flush(emit)
        return true
    }

    func flush(_ emit: (RawSpan) throws -> Void) throws {
        guard count > 0 else { return }
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory[..<count])
        count = 0
        try emit(unsafe RawSpan(_unsafeBytes: bytes))
    }
}
