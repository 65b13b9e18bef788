import Compression

/// What a compressed stream unpacks to, as much of it at a time as is asked for.
final class DecompressedSource: ByteSource {
    private var source: any ByteSource
    private let decompressor: Decompressor
    private var input: [UInt8]
    private var available = 0..<0
    private var output: [UInt8] = []
    private var given = 0
    private var isEnded = false

    init(_ source: any ByteSource, _ format: CompressionFormat, _ limits: DiskLimits) throws {
        self.source = source
        input = [UInt8](repeating: 0, count: min(limits.chunkBytes, 64 << 10))
        var unpacking = DecompressionLimits(output: limits.unpackedBytes)
        unpacking.pieceBytes = limits.chunkBytes
        decompressor = try Decompressor(format, limits: unpacking)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while given == output.count, !isEnded { try decodeOn() }
        let count = min(buffer.count, output.count - given)
        unsafe output.withUnsafeBytes {
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[given..<(given + count)]))
        }
        given += count
        return count
    }

    /// Goes on until there is something.
    private func decodeOn() throws {
        output.removeAll(keepingCapacity: true)
        given = 0
        if available.isEmpty {
            let count = try unsafe input.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
            available = 0..<count
            if count == 0 {
                isEnded = try decompressor.finishPiece { piece in
                    unsafe piece.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
                }
                return
            }
        }
        let input = input
        let used = try unsafe decompressor.decodePiece(input.span.bytes.extracting(available)) { piece in
            unsafe piece.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        }
        available = (available.lowerBound + used)..<available.upperBound
    }
}
