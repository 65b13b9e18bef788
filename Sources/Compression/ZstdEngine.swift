import CZstd

/// zstd by libzstd.
@safe final class ZstdEngine: Engine {
    private let context: OpaquePointer
    private let memory: Int
    /// The first bytes of a frame, until all four of its magic number are there.
    private var magic: [UInt8] = []

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

    func restart() { magic = [] }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep {
        guard magic.count == 4 else { return try unsafe readMagic(input) }
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = unsafe ZSTD_decompressStream(context, &target, &source)
        if ZSTD_isError(result) != 0 { throw failure(result) }
        return unsafe EngineStep(consumed: source.pos, produced: target.pos, ended: result == 0)
    }

    /// Reads the magic number before libzstd does, which may have been built to unpack, by decoders that nobody looks
    /// after, what its versions before 1.0 packed.
    private func readMagic(_ input: UnsafeRawBufferPointer) throws(CompressionError) -> EngineStep {
        let bytes = unsafe input.prefix(4 - magic.count)
        unsafe magic.append(contentsOf: bytes)
        let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
        let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18]
        let isSkippable = zip(magic, skippable).enumerated().allSatisfy { $1.0 & ($0 == 0 ? 0xf0 : 0xff) == $1.1 }
        guard frame.starts(with: magic) || isSkippable else {
            throw CompressionError(.corrupt, .zstd, "no zstd header")
        }
        if magic.count == 4 { try start() }
        return unsafe EngineStep(consumed: bytes.count, produced: 0, ended: false)
    }

    /// Gives libzstd the magic number, for which it needs no room.
    private func start() throws(CompressionError) {
        let result = unsafe magic.withUnsafeBytes { bytes in
            var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            var target = unsafe ZSTD_outBuffer(dst: nil, size: 0, pos: 0)
            return unsafe ZSTD_decompressStream(context, &target, &source)
        }
        if ZSTD_isError(result) != 0 { throw failure(result) }
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
