/// Walks a block's text from its end, by links from each byte to the one before.
///
/// Each step waits for memory, as the links lead anywhere. So the walk is begun at many places at once, at every 4096th of the
/// table, and each goes on until it comes to such a place: eight at a time hide the waiting. The pieces are put together by
/// where they end.
@safe struct BZip2Walk {
    private static let lanes = 8
    /// A power of two.
    private static let spacing = 4096
    /// Room for what the lanes walk: any could have all of it.
    static func roomBytes(_ count: Int) -> Int { lanes * count }

    /// A permutation of the first so many places, times 256, with the byte of each.
    private let links: UnsafeMutablePointer<UInt32>
    private let count: Int
    private let room: UnsafeMutablePointer<UInt8>

    /// What was walked from one of the places; in the room, in the order of the text.
    private struct Piece {
        var start = 0
        var length = 0
        /// Where it came to, as the number of that piece.
        var next = 0
    }

    private struct Lane {
        var place: Int
        /// In the room, of the byte that was written last.
        var output: Int
        var piece: Int
        /// Where the piece's last byte is, and behind it.
        var end: Int
    }

    init(_ links: UnsafeMutablePointer<UInt32>, count: Int, room: UnsafeMutablePointer<UInt8>) {
        unsafe self.links = links
        self.count = count
        unsafe self.room = room
    }

    /// - Parameters:
    ///   - row: where the text's last byte is.
    ///   - head: room for what is walked up to the first of the places.
    func run(from row: Int, into text: UnsafeMutablePointer<UInt8>, head: UnsafeMutablePointer<UInt8>) {
        var length = 0
        var place = row
        repeat {
            length += 1
            unsafe head[count - length] = UInt8(truncatingIfNeeded: links[place])
            place = Int(unsafe links[place] >> 8)
        } while place != row && place % Self.spacing != 0
        var cycle = length
        var pieces: [Piece] = []
        let first = place / Self.spacing
        if place % Self.spacing == 0 {
            pieces = walkPieces()
            cycle = 0
            var piece = first
            repeat {
                cycle += pieces[piece].length
                piece = pieces[piece].next
            } while piece != first
        }
        // Of a cycle of all places, the head begins where the last piece would end.
        var left = cycle - length
        unsafe (text + left).update(from: head + count - length, count: length)
        var piece = first
        while left > 0 {
            let taken = min(left, pieces[piece].length)
            left -= taken
            unsafe (text + left).update(from: room + pieces[piece].start + pieces[piece].length - taken, count: taken)
            piece = pieces[piece].next
        }
        // A text that repeats itself has a cycle for each time.
        for place in cycle..<count { unsafe text[place] = text[place - cycle] }
    }

    private func walkPieces() -> [Piece] {
        var pieces = [Piece](repeating: Piece(), count: (count + Self.spacing - 1) / Self.spacing)
        var begun = min(Self.lanes, pieces.count)
        var lanes = (0..<begun).map { number in
            let end = (number + 1) * count
            return Lane(place: number * Self.spacing, output: end, piece: number, end: end)
        }
        var active = begun
        unsafe lanes.withUnsafeMutableBufferPointer { lanes in
            while active > 0 {
                var number = 0
                while number < active {
                    let link = unsafe links[lanes[number].place]
                    let output = unsafe lanes[number].output &- 1
                    unsafe room[output] = UInt8(truncatingIfNeeded: link)
                    unsafe lanes[number].output = output
                    let place = Int(truncatingIfNeeded: link >> 8)
                    unsafe lanes[number].place = place
                    if place & (Self.spacing &- 1) == 0 {
                        let lane = unsafe lanes[number]
                        pieces[lane.piece] = Piece(
                            start: output, length: lane.end - output, next: place / Self.spacing)
                        if begun < pieces.count {
                            unsafe lanes[number] = Lane(
                                place: begun * Self.spacing, output: output, piece: begun, end: output)
                            begun += 1
                        } else {
                            active -= 1
                            unsafe lanes[number] = lanes[active]
                            continue
                        }
                    }
                    number &+= 1
                }
            }
        }
        return pieces
    }
}
