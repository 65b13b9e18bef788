/// A block of bzip2 before 0.9.5, which libbz2 decodes, in a stream of its own.
final class RandomisedBZip2Block {
    /// The bit behind it.
    let end: Int
    let checksum: UInt32
    private let engine: BZip2Engine
    private var stream: [UInt8]
    private var taken = 0
    private var isAtEnd = false

    /// - Parameters:
    ///   - bytes: with the block's bits from `start` up to `stop`, its magic number included.
    ///   - level: of the stream that it is of.
    ///   - end: the bit behind it, as whoever asks counts them.
    init(
        _ bytes: UnsafeRawBufferPointer, from start: Int, to stop: Int, level: Int, end: Int
    ) throws(CompressionError) {
        engine = try BZip2Engine()
        self.end = end
        var bits = unsafe BZip2Bits(bytes, at: start)
        stream = Array("BZh\(level)".utf8)
        var left = stop - start
        var rest = (value: 0, bits: 0)
        while left > 0 {
            let count = min(8, left)
            rest = (bits.read(count), count)
            left -= count
            if count == 8 { stream.append(UInt8(truncatingIfNeeded: rest.value)) }
        }
        if rest.bits == 8 { rest = (0, 0) }
        checksum = stream[10..<14].reduce(0) { $0 << 8 | UInt32($1) }
        for (number, length) in [(BZip2BlockHeader.endMagic, 48), (Int(checksum), 32), (0, 7)] {
            for place in (0..<length).reversed() {
                rest = (rest.value << 1 | number >> place & 1, rest.bits + 1)
                if rest.bits == 8 {
                    stream.append(UInt8(truncatingIfNeeded: rest.value))
                    rest = (0, 0)
                }
            }
        }
    }

    /// Hands out what there is room for; nothing at the end.
    ///
    /// - Throws: `CompressionError` if libbz2 does not take it.
    func take(_ room: UnsafeMutableRawBufferPointer) throws(CompressionError) -> Int {
        while !isAtEnd {
            let rest = Array(stream[taken...])
            var step = EngineStep(consumed: 0, produced: 0, ended: false)
            var fault: CompressionError?
            unsafe rest.withUnsafeBytes { bytes in
                do throws(CompressionError) {
                    step = try unsafe engine.step(bytes, room, isLast: true)
                } catch {
                    fault = error
                }
            }
            if let fault { throw fault }
            taken += step.consumed
            isAtEnd = step.ended
            if step.produced > 0 { return step.produced }
            guard step.ended || step.consumed > 0 else { throw CompressionError(.corrupt, .bzip2) }
        }
        return 0
    }
}
