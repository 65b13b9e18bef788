import CZlib

/// What ZFS calls gzip: a zlib stream (RFC 1950).
enum ZlibBlock {
    /// - Returns: whether the input begins with a stream of exactly as many bytes as there is room for.
    static func unpack(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Bool {
        var length = uLongf(output.count)
        let result = unsafe uncompress(
            output.bindMemory(to: UInt8.self).baseAddress, &length, input.bindMemory(to: UInt8.self).baseAddress,
            uLong(input.count))
        return result == Z_OK && length == uLongf(output.count)
    }
}
