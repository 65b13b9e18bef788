import CLZMA

/// What one call of a decoder did.
struct EngineStep {
    var consumed: Int
    var produced: Int
    /// A stream (gzip: member, zstd: frame) has come to its end, checksums and all.
    var ended: Bool
}

/// A decoder of one format: a C library behind one face. The bytes are valid only during the call.
protocol Engine: AnyObject {
    /// Decodes as much as input and output allow.
    ///
    /// - Parameter isLast: no input will follow.
    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep

    /// Makes ready for another stream after one that has ended.
    func restart() throws(CompressionError)

    /// A further stream may begin with this byte.
    func canStart(with byte: UInt8) -> Bool

    /// Zeros may follow the last stream.
    var allowsPadding: Bool { get }
}

/// Which decoder reads which format.
enum EngineChoice {
    static func standard(_ format: CompressionFormat, _ limits: DecompressionLimits) throws(CompressionError) -> (
        any Engine
    )? {
        switch format {
        case .none: nil
        case .gzip: try gzip()
        case .bzip2: ParallelBZip2Engine(threads: cores)
        case .xz: try XZEngine(memory: limits.memory, threads: Int(clamping: lzma_cputhreads()))
        case .zstd: try ZstdEngine(memory: limits.memory)
        }
    }

    /// The same, without threads: those keep what they have unpacked until they are asked once more.
    static func inOrder(_ format: CompressionFormat, _ limits: DecompressionLimits) throws(CompressionError) -> (
        any Engine
    )? {
        switch format {
        case .bzip2: try BZip2Engine()
        case .xz: try XZEngine(memory: limits.memory, threads: 1)
        case .none, .gzip, .zstd: try standard(format, limits)
        }
    }

    /// How many blocks are decoded at a time. Six threads unpack more than a disk takes, in 50 MB.
    private static var cores: Int { min(6, Int(clamping: lzma_cputhreads())) }

    private static func gzip() throws(CompressionError) -> any Engine {
        #if ISAL
            ISALEngine()
        #else
            try ZlibEngine()
        #endif
    }
}
