import CBZip2

/// A block as a bzip2 stream of its own; streams that follow each other are one file to every reader of the format.
enum BZip2Stream {
    /// What one block of the format holds at the highest level, before its run-length encoding.
    static let blockBytes = 900_000

    /// - Throws: `CompressionError` if there is no memory.
    static func compress(_ block: [UInt8]) throws(CompressionError) -> [UInt8] {
        // libbzip2: "1% larger than the uncompressed data, plus six hundred extra bytes".
        var most = UInt32(block.count + block.count / 100 + 600)
        var result: Int32 = 0
        var input = block.map { CChar(bitPattern: $0) }
        let stream = unsafe [UInt8](unsafeUninitializedCapacity: Int(most)) { output, count in
            result = unsafe input.withUnsafeMutableBufferPointer { input in
                unsafe output.withMemoryRebound(to: CChar.self) { output in
                    unsafe BZ2_bzBuffToBuffCompress(
                        output.baseAddress, &most, input.baseAddress, UInt32(input.count), 9, 0, 0)
                }
            }
            count = result == BZ_OK ? Int(most) : 0
        }
        guard result == BZ_OK else { throw CompressionError(.memoryLimit, .bzip2, "libbzip2 gave error \(result)") }
        return stream
    }
}
