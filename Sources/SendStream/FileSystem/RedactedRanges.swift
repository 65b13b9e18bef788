/// Ranges of an object whose content was left out, as the records of one stream after the other tell of them. It takes work by the
/// number of records, since those of a stream ascend.
struct RedactedRanges {
    /// Those that lie before the place that the stream has come to, ascending.
    private var passed: [Range<UInt64>] = []
    /// Those of the streams before that lie behind it: the next one is the last.
    private var ahead: [Range<UInt64>] = []
    /// Of what lies behind the place, there is nothing from here on.
    private var end = UInt64.max
    private var place: UInt64 = 0
    private var stream = 0

    /// About what they take of memory.
    var byteCount: Int { (passed.count + ahead.count) * MemoryLayout<Range<UInt64>>.size }

    /// Whether any of the first bytes of the object was left out.
    func reachBelow(_ size: UInt64) -> Bool {
        let first = passed.first ?? ahead.last.flatMap { $0.lowerBound < end ? $0 : nil }
        return first.map { $0.lowerBound < size } ?? false
    }

    /// A stream leaves a range out, or has it.
    mutating func set(_ range: Range<UInt64>, isRedacted: Bool, stream: Int) throws(UnplacedStreamError) {
        begin(stream)
        guard !range.isEmpty, isRedacted || byteCount > 0 else { return }
        guard range.lowerBound >= place else {
            throw UnplacedStreamError(.order, "what an object has, and what was left out of it, does not ascend")
        }
        pass(to: range.lowerBound)
        while let next = ahead.last, next.lowerBound < range.upperBound {
            ahead.removeLast()
            if next.upperBound > range.upperBound { ahead.append(range.upperBound..<next.upperBound) }
        }
        place = range.upperBound
        if isRedacted { append(range) }
    }

    /// A stream tells, before all else of an object, that there is nothing from a place on.
    mutating func cut(from offset: UInt64, stream: Int) {
        begin(stream)
        end = min(end, offset)
        while let last = passed.last, last.upperBound > offset {
            passed.removeLast()
            if last.lowerBound < offset { passed.append(last.lowerBound..<offset) }
        }
    }

    /// What ends before a place is passed, and what reaches over it divided.
    private mutating func pass(to place: UInt64) {
        while let next = ahead.last, next.lowerBound < place {
            ahead.removeLast()
            let last = min(next.upperBound, end)
            append(next.lowerBound..<max(next.lowerBound, min(last, place)))
            if last > place { ahead.append(place..<last) }
        }
    }

    private mutating func append(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        if let last = passed.last, last.upperBound == range.lowerBound {
            passed[passed.count - 1] = last.lowerBound..<range.upperBound
        } else {
            passed.append(range)
        }
    }

    private mutating func begin(_ stream: Int) {
        guard stream != self.stream else { return }
        self.stream = stream
        pass(to: .max)
        ahead = passed.reversed()
        passed = []
        end = .max
        place = 0
    }
}
