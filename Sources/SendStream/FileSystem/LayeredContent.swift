/// Where the bytes of a file lie to which several streams contribute: of what overlaps, the later stream's. It takes work and
/// memory by what the streams bring, not by the sizes that they claim.
public struct LayeredContent: Sendable {
    /// A range of the file, of which the first byte is at `place`, wherever the bytes are kept.
    public struct Piece: Sendable, Hashable {
        public var range: Range<UInt64>
        public var place: UInt64

        public init(range: Range<UInt64>, place: UInt64) {
            self.range = range
            self.place = place
        }
    }

    /// Pieces that a file may be in.
    private static let mostPieces = 1 << 24

    /// Of the streams before this one; ascending.
    private var settled: [Piece] = []
    private var stream = -1
    /// What this stream brings; ascending.
    private var brought: [Piece] = []
    /// What it takes away of those before, in any order.
    private var cleared: [Range<UInt64>] = []

    public init() {}

    /// All pieces, ascending; what is in none is zero.
    public var pieces: [Piece] {
        var copy = self
        copy.settle()
        return copy.settled
    }

    /// A stream brings a range, which begins at `place`.
    ///
    /// - Throws: `StreamError` (`order`, `limit`).
    public mutating func add(_ range: Range<UInt64>, at place: UInt64, stream: Int) throws {
        begin(stream)
        guard let last = brought.last else {
            brought.append(Piece(range: range, place: place))
            return
        }
        guard range.lowerBound >= last.range.upperBound else {
            throw UnplacedStreamError(.order, "the content of a file does not ascend")
        }
        if range.lowerBound == last.range.upperBound, place == last.place + UInt64(last.range.count) {
            brought[brought.count - 1].range = last.range.lowerBound..<range.upperBound
        } else {
            try checkCount()
            brought.append(Piece(range: range, place: place))
        }
    }

    /// A stream takes a range away: it is zero now.
    ///
    /// - Throws: `StreamError` (`order`, `limit`).
    public mutating func clear(_ range: Range<UInt64>, stream: Int) throws {
        begin(stream)
        if let first = brought.first(endingBehind: range.lowerBound), first.range.lowerBound < range.upperBound {
            throw UnplacedStreamError(.order, "content of a file is freed in the stream that brings it")
        }
        guard let first = settled.first(endingBehind: range.lowerBound), first.range.lowerBound < range.upperBound
        else { return }
        if let last = cleared.last, last.upperBound == range.lowerBound {
            cleared[cleared.count - 1] = last.lowerBound..<range.upperBound
        } else {
            try checkCount()
            cleared.append(range)
        }
    }

    private func checkCount() throws(UnplacedStreamError) {
        guard settled.count + brought.count + cleared.count < Self.mostPieces else {
            throw UnplacedStreamError(.limit, "a file lies in more than \(Self.mostPieces) pieces")
        }
    }

    private mutating func begin(_ stream: Int) {
        guard stream != self.stream else { return }
        settle()
        self.stream = stream
    }

    private mutating func settle() {
        guard !brought.isEmpty || !cleared.isEmpty else { return }
        let gone = Self.union(cleared + brought.map(\.range))
        var next = 0
        var result: [Piece] = []
        for piece in settled {
            while next < gone.count, gone[next].upperBound <= piece.range.lowerBound { next += 1 }
            result.append(contentsOf: piece.without(gone[next...]))
        }
        settled = (result + brought).sorted { $0.range.lowerBound < $1.range.lowerBound }
        brought = []
        cleared = []
    }

    /// The same, ascending, with something between each and the next.
    private static func union(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }
}

extension LayeredContent.Piece {
    /// What is left of it.
    ///
    /// - Parameter gone: ascending; what does not end before the piece.
    fileprivate func without(_ gone: ArraySlice<Range<UInt64>>) -> [Self] {
        var rest: [Self] = []
        var start = range.lowerBound
        for one in gone {
            guard one.lowerBound < range.upperBound, start < range.upperBound else { break }
            if one.lowerBound > start { rest.append(part(start..<one.lowerBound)) }
            start = max(start, one.upperBound)
        }
        if start < range.upperBound { rest.append(part(start..<range.upperBound)) }
        return rest
    }

    private func part(_ part: Range<UInt64>) -> Self {
        Self(range: part, place: place + (part.lowerBound - range.lowerBound))
    }
}

extension [LayeredContent.Piece] {
    /// Of pieces that ascend, the first that ends behind an offset.
    fileprivate func first(endingBehind offset: UInt64) -> Element? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].range.upperBound > offset { high = middle } else { low = middle + 1 }
        }
        return low < count ? self[low] : nil
    }
}
