/// A decoded block: its bytes, or, if they are many, the first of them and how to go on.
///
/// Made by one thread, used by another from then on.
@safe final class BZip2Block: @unchecked Sendable {
    /// The bit behind it, counted as its first was.
    private(set) var end: Int
    /// Of the text, before runs are expanded: so many, the level of the stream must allow.
    let length: Int
    /// What the file states.
    let checksum: UInt32
    private var text: [UInt8]
    private var runs = BZip2Runs()
    private var bytes: [UInt8]
    /// How many of the bytes have been handed out.
    private var taken = 0

    /// What is expanded beforehand. It may become 46 MB.
    static let mostBytes = 4 << 20

    init(_ text: UnsafeBufferPointer<UInt8>, end: Int, checksum: UInt32, most: Int) {
        self.end = end
        self.checksum = checksum
        length = text.count
        var runs = runs
        // Five bytes may stand for 259.
        let most = min(most, text.count * 52)
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: most) { room, count in
            count = unsafe runs.expand(
                text, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[..<most]))
        }
        self.text = unsafe runs.isDone(text) ? [] : Array(text)
        self.runs = runs
    }

    /// Nothing is left to be handed out.
    var isEmpty: Bool {
        guard taken == bytes.count else { return false }
        return text.isEmpty ? true : unsafe text.withUnsafeBufferPointer { unsafe runs.isDone($0) }
    }

    /// What has been expanded is not what was packed; of a long block that is known at its end.
    var isDamaged: Bool { (text.isEmpty || isEmpty) && runs.checksum.value != checksum }

    /// Has the end counted from an earlier bit.
    func count(from base: Int) { end += base }

    /// Hands out what there is room for.
    func take(_ room: UnsafeMutableRawBufferPointer) -> Int {
        if taken < bytes.count {
            let count = min(room.count, bytes.count - taken)
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[taken..<(taken + count)]))
            }
            taken += count
            return count
        }
        return unsafe text.withUnsafeBufferPointer { unsafe runs.expand($0, into: room) }
    }
}
