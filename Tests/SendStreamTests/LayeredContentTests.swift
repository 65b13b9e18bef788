import SendStream
import Testing

/// What several streams make of a file.
@Suite struct LayeredContentTests {
    @Test("Pieces are what a plain file would hold", arguments: 1...300)
    func pieces(seed: UInt64) throws {
        var chance = Chance(seed)
        var content = LayeredContent()
        // Of each byte, where it is kept; nil: it is zero.
        var plain: [UInt64?] = Array(repeating: nil, count: 100)
        var place: UInt64 = 0
        for stream in 0..<4 {
            // Some take away first, as where sizes of blocks change.
            if chance.below(3) == 0 { try clear(chance.below(50)..<(chance.below(50) + 50), stream, &content, &plain) }
            var start = chance.below(30)
            while start < 100 {
                let end = min(100, start + 1 + chance.below(20))
                if chance.below(3) == 0 {
                    try clear(start..<end, stream, &content, &plain)
                } else {
                    try content.add(start..<end, at: place, stream: stream)
                    for offset in start..<end { plain[Int(offset)] = place + offset - start }
                    place += end - start
                }
                start = end + (chance.below(2) == 0 ? 0 : chance.below(20))
            }
            var found: [UInt64?] = Array(repeating: nil, count: 100)
            var reached: UInt64 = 0
            for piece in content.pieces {
                #expect(piece.range.lowerBound >= reached && !piece.range.isEmpty)
                reached = piece.range.upperBound
                for offset in piece.range { found[Int(offset)] = piece.place + offset - piece.range.lowerBound }
            }
            #expect(found == plain)
        }
    }

    private func clear(
        _ range: Range<UInt64>, _ stream: Int, _ content: inout LayeredContent, _ plain: inout [UInt64?]
    ) throws {
        try content.clear(range, stream: stream)
        for offset in range where offset < 100 { plain[Int(offset)] = nil }
    }

    @Test("What follows on is one piece, and what is at the end of all files costs no more")
    func far() throws {
        let end = UInt64(Int64.max)
        var content = LayeredContent()
        for number in 0..<1000 {
            try content.add(UInt64(number) * 10..<UInt64(number) * 10 + 10, at: UInt64(number) * 10, stream: 0)
        }
        try content.add(end - 1..<end, at: 10_000, stream: 0)
        #expect(content.pieces.count == 2)
        try content.clear(5000..<UInt64.max, stream: 1)
        #expect(content.pieces == [.init(range: 0..<5000, place: 0)])
    }

    @Test("What comes in disorder, or is freed by the stream that brings it, is refused")
    func disorder() throws {
        var content = LayeredContent()
        try content.add(100..<200, at: 0, stream: 0)
        #expect(throws: (any Error).self) { try content.add(150..<160, at: 100, stream: 0) }
        #expect(throws: (any Error).self) { try content.clear(0..<101, stream: 0) }
        try content.clear(0..<100, stream: 0)
        try content.add(150..<160, at: 100, stream: 1)
        #expect(
            content.pieces == [
                .init(range: 100..<150, place: 0), .init(range: 150..<160, place: 100),
                .init(range: 160..<200, place: 60),
            ])
    }
}

/// Numbers that are the same at each run.
private struct Chance {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func below(_ limit: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % limit
    }
}
