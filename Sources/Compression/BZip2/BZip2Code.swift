/// A prefix code of a block: of up to 258 symbols, in up to 20 bits each.
///
/// The lengths come from outside, and need not be those of a code that makes sense: some bits may mean nothing, some have two
/// meanings. Which symbol is taken is then as libbz2 has it: the shortest code counts whose number is not above that of the last
/// symbol of its length.
struct BZip2Code {
    /// Most symbols are told by so many bits, with one look.
    static let quickBits = 10
    static let longest = 20
    static let mostSymbols = 258

    /// By the next ``quickBits``: the symbol times 32 and its length; 0 if more bits are needed.
    private(set) var quick = [UInt16](repeating: 0, count: 1 << quickBits)
    /// Of each length: the number of its last code, and what to take from a code's number to have the symbol's place.
    private var last = [Int](repeating: -1, count: longest + 2)
    private var offset = [Int](repeating: 0, count: longest + 2)
    private var symbols = [UInt16](repeating: 0, count: mostSymbols)
    private var shortest = 1

    init() {}

    /// - Parameter lengths: 1 to 20 for each symbol.
    mutating func make(_ lengths: some RandomAccessCollection<UInt8>) {
        var counts = [Int](repeating: 0, count: Self.longest + 2)
        for length in lengths { counts[Int(length)] += 1 }
        var place = 0
        // Of each length: where its next symbol goes.
        var places = counts
        var number = 0
        shortest = Int(lengths.min() ?? 1)
        let longest = Int(lengths.max() ?? 1)
        for length in 1...Self.longest {
            last[length] = length > longest ? -1 : number + counts[length] - 1
            offset[length] = number - place
            places[length] = place
            place += counts[length]
            number = (number + counts[length]) << 1
        }
        for (symbol, length) in lengths.enumerated() {
            symbols[places[Int(length)]] = UInt16(symbol)
            places[Int(length)] += 1
        }
        makeQuick()
    }

    /// As ``find(_:of:)`` has it: of each length the bits up to those of its last code, but for what shorter ones have.
    private mutating func makeQuick() {
        var bits = 0
        for length in 1...Self.quickBits where length >= shortest {
            let unused = Self.quickBits - length
            while bits < min((last[length] + 1) << unused, quick.count) {
                let place = bits >> unused - offset[length]
                quick[bits] = symbols.indices.contains(place) ? symbols[place] << 5 | UInt16(length) : 0
                bits += 1
            }
        }
        while bits < quick.count {
            quick[bits] = 0
            bits += 1
        }
    }

    /// The symbol that some bits begin with; nil if they are too few, or mean nothing.
    func find(_ bits: Int, of count: Int) -> (symbol: UInt16, length: Int)? {
        var length = shortest
        while length <= count {
            let number = bits >> (count - length)
            if number <= last[length] {
                let place = number - offset[length]
                return symbols.indices.contains(place) ? (symbols[place], length) : nil
            }
            length += 1
        }
        return nil
    }
}
