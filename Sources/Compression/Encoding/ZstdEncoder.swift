import CZstd

/// zstd by libzstd, at its own default level, with a checksum, on as many threads as there are cores.
@safe final class ZstdEncoder: Encoder {
    private let context: OpaquePointer

    /// - Throws: `CompressionError` if there is no memory.
    init(cores: Int) throws(CompressionError) {
        guard let context = unsafe ZSTD_createCCtx() else {
            throw CompressionError(.memoryLimit, .zstd, "no memory for libzstd")
        }
        unsafe self.context = context
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        // A library without threads refuses, and works in this one.
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, Int32(cores))
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = unsafe ZSTD_compressStream2(context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
        if ZSTD_isError(left) != 0 {
            throw CompressionError(.memoryLimit, .zstd, unsafe String(cString: ZSTD_getErrorName(left)))
        }
        return unsafe EngineStep(consumed: source.pos, produced: target.pos, ended: isLast && left == 0)
    }
}
