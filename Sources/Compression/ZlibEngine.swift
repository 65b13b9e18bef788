import CZlib

/// gzip by zlib.
@safe final class ZlibEngine: Engine {
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(CompressionError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe czlib_start_gzip(stream) == Z_OK else {
            throw CompressionError(.memoryLimit, .gzip, "no memory for zlib")
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    let allowsPadding = true

    func canStart(with byte: UInt8) -> Bool { byte == 0x1f }

    func restart() throws(CompressionError) {
        guard unsafe inflateReset(stream) == Z_OK else { throw CompressionError(.corrupt, .gzip) }
    }

    func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isLast: Bool
    ) throws(CompressionError) -> EngineStep {
        let given = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        unsafe stream.pointee.avail_in = given
        unsafe stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        unsafe stream.pointee.avail_out = room
        let result = unsafe inflate(stream, Z_NO_FLUSH)
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
            let message = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? ""
            throw CompressionError(.corrupt, .gzip, message)
        }
        return EngineStep(
            consumed: unsafe Int(given - stream.pointee.avail_in),
            produced: unsafe Int(room - stream.pointee.avail_out),
            ended: result == Z_STREAM_END)
    }
}
