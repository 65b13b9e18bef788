/// The compressed bytes that are still needed, and where blocks may begin in them.
struct BZip2Window {
    private var bytes: [UInt8] = []
    /// How many bytes came before.
    private var base = 0
    private var search = BZip2Search()
    /// The bits at which blocks may begin, and which nobody has taken yet.
    private var starts: [Int] = []
    /// How many of these were taken or given up; moving the rest each time would cost too much where there are many.
    private var gone = 0

    /// How many bytes are there.
    var count: Int { bytes.count }
    /// The bit behind the last.
    var end: Int { (base + bytes.count) * 8 }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        unsafe bytes.append(contentsOf: more)
        unsafe search.look(at: more) { starts.append($0) }
    }

    /// Gives up what lies before a bit.
    mutating func drop(before position: Int) {
        while gone < starts.count, starts[gone] < position { gone += 1 }
        if gone > 1 << 10, gone * 2 > starts.count {
            starts.removeFirst(gone)
            gone = 0
        }
        let done = position >> 3 - base
        guard done >= 1 << 20 || done == bytes.count else { return }
        bytes.removeFirst(done)
        base += done
    }

    /// Takes the next place at which a block may begin, with the bytes up to the one after it; nil while that is not known.
    ///
    /// - Parameter isLast: no more bytes will come.
    mutating func next(isLast: Bool) -> (start: Int, bytes: [UInt8])? {
        let rest = starts[gone...]
        guard let start = rest.first, isLast || rest.count > 1 else { return nil }
        let stop = rest.count > 1 ? (starts[gone + 1] + 7) >> 3 : base + bytes.count
        gone += 1
        let first = start >> 3
        return (start, Array(bytes[(first - base)..<(min(stop, first + BZip2Decoder.mostPacked) - base)]))
    }

    /// Reads, from a byte on, with bits counted from that byte.
    func read<Result>(from position: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe body(UnsafeRawBufferPointer(rebasing: bytes[(position >> 3 - base)...]))
        }
    }

    /// A number of up to 48 bits; nil if they are not there.
    func number(at position: Int, bits: Int) -> Int? {
        guard position + bits <= end else { return nil }
        return unsafe read(from: position) { bytes in
            var reader = unsafe BZip2Bits(bytes, at: position & 7)
            return reader.read(bits)
        }
    }
}
