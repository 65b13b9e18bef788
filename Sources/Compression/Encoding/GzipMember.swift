import CDeflate

/// A block as a gzip member of its own (RFC 1952 §2.2), by libdeflate, which takes half the time of zlib for the same size.
enum GzipMember {
    /// - Parameter level: of libdeflate, 1 to 12.
    /// - Throws: `CompressionError` if there is no memory.
    static func compress(_ block: [UInt8], level: Int32) throws(CompressionError) -> [UInt8] {
        guard let compressor = unsafe libdeflate_alloc_compressor(level) else {
            throw CompressionError(.memoryLimit, .gzip, "no memory for libdeflate")
        }
        defer { unsafe libdeflate_free_compressor(compressor) }
        let most = unsafe libdeflate_gzip_compress_bound(compressor, block.count)
        let member = unsafe [UInt8](unsafeUninitializedCapacity: most) { output, count in
            count = unsafe block.withUnsafeBytes { input in
                unsafe libdeflate_gzip_compress(compressor, input.baseAddress, input.count, output.baseAddress, most)
            }
        }
        guard !member.isEmpty else { throw CompressionError(.memoryLimit, .gzip, "no room for a member") }
        return member
    }
}
