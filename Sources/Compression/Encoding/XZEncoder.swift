import CLZMA

/// xz by liblzma, at its own default level, a block a thread. A thread takes some 150 MB: there are fewer of them than cores where all
/// would take more than a quarter of the memory of the host, as with `xz -T0`. The bytes are the same, however many there are.
@safe final class XZEncoder: Encoder {
    private var stream = unsafe lzma_stream()

    /// - Throws: `CompressionError` if there is no memory.
    init(cores: Int) throws(CompressionError) {
        var options = unsafe lzma_mt()
        unsafe options.threads = UInt32(cores)
        unsafe options.preset = 6
        unsafe options.check = LZMA_CHECK_CRC64
        // A block takes its thread many seconds, during which the work can be cancelled between two calls.
        unsafe options.timeout = 200
        while unsafe options.threads > 1, unsafe lzma_stream_encoder_mt_memusage(&options) > lzma_physmem() / 4 {
            unsafe options.threads -= 1
        }
        let result = unsafe lzma_stream_encoder_mt(&stream, &options)
        guard result == LZMA_OK else {
            throw CompressionError(.memoryLimit, .xz, "liblzma gave error \(result.rawValue)")
        }
    }

    deinit { unsafe lzma_end(&stream) }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep {
        unsafe stream.next_in = unsafe input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.avail_in = input.count
        unsafe stream.next_out = unsafe output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.avail_out = output.count
        let result = unsafe lzma_code(&stream, isLast ? LZMA_FINISH : LZMA_RUN)
        guard result == LZMA_OK || result == LZMA_STREAM_END else {
            throw CompressionError(.memoryLimit, .xz, "liblzma gave error \(result.rawValue)")
        }
        return unsafe EngineStep(
            consumed: input.count - stream.avail_in, produced: output.count - stream.avail_out,
            ended: result == LZMA_STREAM_END)
    }
}
