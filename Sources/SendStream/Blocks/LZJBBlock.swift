/// ZFS's first compression (OpenZFS, lzjb.c): eight bits say of each of the next items whether it is a byte, or two bytes
/// of a length (6 bits, plus 3) and a distance (10 bits).
enum LZJBBlock {
    /// - Returns: whether the input gives as many bytes as there is room for.
    static func unpack(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Bool {
        var source = 0
        var target = 0
        var bits: UInt8 = 0
        var left = 0
        while target < output.count {
            if left == 0 {
                guard source < input.count else { return false }
                bits = unsafe input[source]
                source += 1
                left = 8
            }
            defer {
                bits >>= 1
                left -= 1
            }
            if bits & 1 == 0 {
                guard source < input.count else { return false }
                unsafe output[target] = input[source]
                source += 1
                target += 1
            } else {
                guard input.count - source >= 2 else { return false }
                let pair = unsafe Int(input[source]) << 8 | Int(input[source + 1])
                source += 2
                let distance = pair & 0x3ff
                guard distance > 0, distance <= target else { return false }
                let count = min(pair >> 10 + 3, output.count - target)
                unsafe output.repeatBytes(distance: distance, at: target, count)
                target += count
            }
        }
        return true
    }
}
