/// LZ4's blocks (lz4_Block_format.md): a token of two lengths, literals, the distance of what is repeated.
enum LZ4Block {
    /// - Returns: whether the input is a block of exactly as many bytes as there is room for.
    static func unpack(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Bool {
        var source = 0
        var target = 0
        while source < input.count {
            let token = Int(unsafe input[source])
            source += 1
            guard let literals = unsafe length(token >> 4, input, &source) else { return false }
            guard literals <= input.count - source, literals <= output.count - target else { return false }
            unsafe copy(input, from: source, to: output, at: target, literals)
            source += literals
            target += literals
            // The last sequence ends with its literals.
            if source == input.count { return target == output.count }
            guard input.count - source >= 2 else { return false }
            let distance = Int(unsafe input[source]) | Int(unsafe input[source + 1]) << 8
            source += 2
            guard let more = unsafe length(token & 15, input, &source) else { return false }
            let count = more + 4
            guard distance > 0, distance <= target, count <= output.count - target else { return false }
            unsafe output.repeatBytes(distance: distance, at: target, count)
            target += count
        }
        return false
    }

    /// Four bits, and where they are all set, bytes that are added up to the first that is not 255.
    private static func length(_ bits: Int, _ input: UnsafeRawBufferPointer, _ source: inout Int) -> Int? {
        guard bits == 15 else { return bits }
        var length = bits
        while source < input.count {
            let byte = Int(unsafe input[source])
            source += 1
            // At most 255 for each byte of input.
            length += byte
            if byte != 255 { return length }
        }
        return nil
    }

    private static func copy(
        _ input: UnsafeRawBufferPointer, from source: Int, to output: UnsafeMutableRawBufferPointer, at target: Int,
        _ count: Int
    ) {
        guard count > 0, let from = input.baseAddress, let to = output.baseAddress else { return }
        unsafe (to + target).copyMemory(from: from + source, byteCount: count)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Writes again what stands before, which may be shorter than what is to be written.
    ///
    /// The range must lie within the buffer, and the distance within what is before it.
    func repeatBytes(distance: Int, at target: Int, _ count: Int) {
        guard let base = baseAddress else { return }
        var done = 0
        while done < count {
            // What was written just now may be read at once.
            let piece = Swift.min(distance + done, count - done)
            unsafe (base + target + done).copyMemory(from: base + target - distance, byteCount: piece)
            done += piece
        }
    }
}
