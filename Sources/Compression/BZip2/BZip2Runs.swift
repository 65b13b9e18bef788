/// The last step of decoding a block: after four equal bytes comes one that says how many more there are.
///
/// 900,000 bytes may become 46 million, so that this can be done piece by piece.
struct BZip2Runs {
    /// Of the text.
    private var position = 0
    private var last: UInt8 = 0
    /// Equal bytes in a row, up to four.
    private var equal = 0
    /// How often the last byte is to come yet.
    private var pending = 0
    private(set) var checksum = BZip2Checksum()

    /// All of a text has been expanded.
    func isDone(_ text: UnsafeBufferPointer<UInt8>) -> Bool { pending == 0 && position == text.count }

    /// Expands as much as there is room for.
    ///
    /// - Returns: the bytes that were written.
    mutating func expand(_ text: UnsafeBufferPointer<UInt8>, into room: UnsafeMutableRawBufferPointer) -> Int {
        var written = 0
        while written < room.count {
            if pending > 0 {
                let count = min(pending, room.count &- written)
                let place = unsafe UnsafeMutableRawBufferPointer(rebasing: room[written..<(written &+ count)])
                unsafe place.initializeMemory(as: UInt8.self, repeating: last)
                pending &-= count
                written &+= count
            } else if equal == 4 {
                guard position < text.count else { break }
                pending = Int(unsafe text[position])
                position &+= 1
                equal = 0
            } else {
                let count = unsafe copy(text, to: room, from: written)
                if count == 0 { break }
                written &+= count
            }
        }
        unsafe checksum.add(UnsafeRawBufferPointer(rebasing: room[..<written]))
        return written
    }

    /// Copies up to and with a fourth equal byte.
    private mutating func copy(
        _ text: UnsafeBufferPointer<UInt8>, to room: UnsafeMutableRawBufferPointer, from start: Int
    ) -> Int {
        var (position, last, equal, written) = (position, last, equal, start)
        let most = min(text.count, position &+ room.count &- start)
        while position < most {
            let byte = unsafe text[position]
            unsafe room[written] = byte
            position &+= 1
            written &+= 1
            equal = byte == last ? equal &+ 1 : 1
            last = byte
            if equal == 4 { break }
        }
        (self.position, self.last, self.equal) = (position, last, equal)
        return written &- start
    }
}
