import CBZip2

/// bzip2 by libbz2.
@safe final class BZip2Engine: Engine {
    private let stream: UnsafeMutablePointer<bz_stream>
    private var isOpen = false

    init() throws(CompressionError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: bz_stream())
        try open()
    }

    deinit {
        close()
        unsafe stream.deallocate()
    }

    let allowsPadding = false

    func canStart(with byte: UInt8) -> Bool { byte == UInt8(ascii: "B") }

    func restart() throws(CompressionError) {
        close()
        try open()
    }

    private func open() throws(CompressionError) {
        unsafe stream.pointee = bz_stream()
        guard unsafe BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else {
            throw CompressionError(.memoryLimit, .bzip2, "no memory for libbz2")
        }
        isOpen = true
    }

    private func close() {
        if isOpen { unsafe BZ2_bzDecompressEnd(stream) }
        isOpen = false
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep {
        let given = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: CChar.self).baseAddress)
        unsafe stream.pointee.avail_in = given
        unsafe stream.pointee.next_out = output.bindMemory(to: CChar.self).baseAddress
        unsafe stream.pointee.avail_out = room
        let result = unsafe BZ2_bzDecompress(stream)
        switch result {
        case BZ_OK, BZ_STREAM_END: break
        case BZ_DATA_ERROR_MAGIC: throw CompressionError(.corrupt, .bzip2, "no bzip2 header")
        case BZ_MEM_ERROR: throw CompressionError(.memoryLimit, .bzip2)
        default: throw CompressionError(.corrupt, .bzip2)
        }
        return EngineStep(
            consumed: unsafe Int(given - stream.pointee.avail_in),
            produced: unsafe Int(room - stream.pointee.avail_out),
            ended: result == BZ_STREAM_END)
    }
}
