/// A mark of a disk's content by which it is known, in the second pass, whether it is that of the first. Nobody who means harm
/// gains by two contents with the same mark, and it takes a tenth of a digest's time.
///
/// How content is cut into pieces makes no difference, nor do zeros, as long as pieces are of whole words.
struct ContentMark: Equatable, Sendable {
    private var sum: UInt64 = 0

    mutating func add(_ bytes: RawSpan, at offset: UInt64) {
        unsafe bytes.withUnsafeBytes { bytes in
            var place = 0
            while place + 8 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                // Each word counts by its place; zero never.
                sum &+= mixed(word, offset &+ UInt64(place))
                place += 8
            }
            var word: UInt64 = 0
            for index in place..<max(place, bytes.count) {
                word |= UInt64(unsafe bytes[index]) << ((index - place) * 8)
            }
            sum &+= mixed(word, offset &+ UInt64(place))
        }
    }

    @inline(__always)
    private func mixed(_ word: UInt64, _ place: UInt64) -> UInt64 {
        let product = word &* (place | 1 &+ 0x9e37_79b9_7f4a_7c15)
        return (product ^ (product >> 29)) &* (word | 1)
    }
}
