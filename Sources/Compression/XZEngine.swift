import CLZMA

/// xz by liblzma, which itself reads streams that follow each other and the padding between them; with threads where the
/// file has several blocks and they fit into little memory.
@safe final class XZEngine: Engine {
    private let stream: UnsafeMutablePointer<lzma_stream>
    /// Each thread keeps a block, packed and unpacked, and its dictionary: of what `xz -T0 -6` makes some 40 MiB. So that two
    /// of these are decoded side by side.
    private static let threadingMemory: UInt64 = 96 << 20

    /// - Parameter threads: 1: the file is unpacked by whoever asks for it, byte for byte.
    init(memory: Int, threads: Int) throws(CompressionError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: lzma_stream())
        // Even one thread beside the caller's unpacks ahead of it; none has room in no memory.
        let threading = threads > 1 ? XZEngine.threadingMemory : 0
        guard
            unsafe clzma_start(stream, UInt64(clamping: memory), threading, UInt32(clamping: threads)) == LZMA_OK
        else {
            throw CompressionError(.memoryLimit, .xz, "no memory for liblzma")
        }
    }

    deinit {
        unsafe lzma_end(stream)
        unsafe stream.deallocate()
    }

    let allowsPadding = false

    func canStart(with byte: UInt8) -> Bool { false }

    func restart() {}

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep {
        unsafe stream.pointee.next_in = input.bindMemory(to: UInt8.self).baseAddress
        unsafe stream.pointee.avail_in = input.count
        unsafe stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        unsafe stream.pointee.avail_out = output.count
        let result = unsafe lzma_code(stream, isLast ? LZMA_FINISH : LZMA_RUN)
        switch result {
        case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR: break
        case LZMA_MEMLIMIT_ERROR:
            let needed = unsafe lzma_memusage(stream)
            throw CompressionError(.memoryLimit, .xz, "it needs \(needed) bytes")
        case LZMA_MEM_ERROR: throw CompressionError(.memoryLimit, .xz)
        case LZMA_FORMAT_ERROR: throw CompressionError(.corrupt, .xz, "no xz header")
        case LZMA_UNSUPPORTED_CHECK: throw CompressionError(.unsupported, .xz, "unknown integrity check")
        case LZMA_OPTIONS_ERROR: throw CompressionError(.unsupported, .xz, "unknown options")
        // liblzma does not tell the two apart.
        case LZMA_DATA_ERROR: throw CompressionError(.corrupt, .xz, "or followed by something that is no xz")
        default: throw CompressionError(.corrupt, .xz)
        }
        return EngineStep(
            consumed: unsafe input.count - stream.pointee.avail_in,
            produced: unsafe output.count - stream.pointee.avail_out, ended: result == LZMA_STREAM_END)
    }
}
