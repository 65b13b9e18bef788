/// Runs of zeros (OpenZFS, zle.c, at its only level 64): a byte below 64 announces as many bytes and one more; from 64 on,
/// zeros, one for 64.
enum ZLEBlock {
    /// - Returns: whether the input gives as many bytes as there is room for.
    static func unpack(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Bool {
        var source = 0
        var target = 0
        while target < output.count {
            guard source < input.count else { return false }
            let length = Int(unsafe input[source]) + 1
            source += 1
            let isLiteral = length <= 64
            let count = isLiteral ? length : length - 64
            guard count <= output.count - target else { return false }
            if isLiteral {
                guard count <= input.count - source else { return false }
                for place in 0..<count { unsafe output[target + place] = input[source + place] }
                source += count
            } else {
                for place in target..<(target + count) { unsafe output[place] = 0 }
            }
            target += count
        }
        return true
    }
}
