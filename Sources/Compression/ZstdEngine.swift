import CZstd

/// zstd by libzstd.
@safe final class ZstdEngine: Engine {
    private let context: OpaquePointer
    private let memory: Int

    init(memory: Int) throws(CompressionError) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw CompressionError(.memoryLimit, .zstd, "no memory for libzstd")
        }
        unsafe self.context = context
        self.memory = memory
        // The largest power of two that the limit allows.
        let log = Int32(Int.bitWidth - 1 - max(1024, memory).leadingZeroBitCount)
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, min(log, 31))
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    let allowsPadding = false

    /// The first byte of a frame's or a skippable frame's magic number (RFC 8878 §3.1).
    func canStart(with byte: UInt8) -> Bool { byte == 0x28 || byte & 0xf0 == 0x50 }

    func restart() {}

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = unsafe ZSTD_decompressStream(context, &target, &source)
        if ZSTD_isError(result) != 0 { throw failure(result) }
        return unsafe EngineStep(consumed: source.pos, produced: target.pos, ended: result == 0)
    }

    private func failure(_ result: Int) -> CompressionError {
        let text = unsafe String(cString: ZSTD_getErrorName(result))
        switch ZSTD_getErrorCode(result) {
        case ZSTD_error_frameParameter_windowTooLarge:
            return CompressionError(.memoryLimit, .zstd, "its window is larger than \(memory) bytes")
        case ZSTD_error_dictionary_wrong: return CompressionError(.unsupported, .zstd, "it needs a dictionary")
        case ZSTD_error_version_unsupported: return CompressionError(.unsupported, .zstd, text)
        default: return CompressionError(.corrupt, .zstd, text)
        }
    }
}
