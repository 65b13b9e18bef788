import Failure

/// The value of `--volblocksize`.
enum BlockSizeArgument {
    /// The bytes of `16384` or `16K`.
    ///
    /// - Throws: `Option` for what no volume can have.
    static func bytes(_ text: String) throws(Failure) -> Int {
        let isKilo = text.hasSuffix("K") || text.hasSuffix("k")
        let number = Int(isKilo ? text.dropLast() : text[...]).flatMap { (1...131_072).contains($0) ? $0 : nil }
        guard let size = number.map({ isKilo ? $0 * 1024 : $0 }), (4096...131_072).contains(size),
            size.nonzeroBitCount == 1
        else {
            throw Failure(.option, "--volblocksize \(text): it must be a power of two from 4K to 128K")
        }
        return size
    }
}
