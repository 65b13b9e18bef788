/// The running checksum of a stream (OpenZFS, zfs_fletcher.c): a += w; b += a; c += b; d += c over words of 32 bits in the
/// sender's byte order, modulo 2^64.
struct Fletcher4: Equatable {
    var a: UInt64 = 0
    var b: UInt64 = 0
    var c: UInt64 = 0
    var d: UInt64 = 0

    var isZero: Bool { self == Fletcher4() }

    /// - Parameter bytes: a multiple of four.
    mutating func add(_ bytes: RawSpan, isLittleEndian: Bool = true) {
        unsafe bytes.withUnsafeBytes { bytes in
            var place = 0
            if isLittleEndian {
                // The factors in `join` stay far below 2^64.
                while bytes.count - place >= Lanes.stride {
                    let count = min(1 << 18, bytes.count - place) / Lanes.stride * Lanes.stride
                    join(unsafe Lanes(UnsafeRawBufferPointer(rebasing: bytes[place..<(place + count)])), bytes: count)
                    place += count
                }
            }
            while place + 4 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
                step(UInt64(isLittleEndian ? UInt32(littleEndian: word) : UInt32(bigEndian: word)))
                place += 4
            }
        }
    }

    private mutating func step(_ word: UInt64) {
        a &+= word
        b &+= a
        c &+= b
        d &+= c
    }

    /// Goes on with words that were summed up from zero.
    ///
    /// Over n words, what was in `a` comes into `b` n times, into `c` n(n+1)/2 times, and so on.
    private mutating func join(_ lanes: Lanes, bytes: Int) {
        let sum = lanes.sum
        let n = UInt64(bytes / 4)
        let pairs = n * (n + 1) / 2
        let triples = pairs * (n + 2) / 3
        d = d &+ c &* n &+ b &* pairs &+ a &* triples &+ sum.d
        c = c &+ b &* n &+ a &* pairs &+ sum.c
        b = b &+ a &* n &+ sum.b
        a = a &+ sum.a
    }
}

/// Four checksums side by side, of every fourth word each: the sum of one need not wait for another's.
private struct Lanes {
    static let stride = 16
    typealias Pair = SIMD2<UInt64>

    // Even: the words 0 and 2 of four; odd: 1 and 3.
    private var evenA = Pair(), evenB = Pair(), evenC = Pair(), evenD = Pair()
    private var oddA = Pair(), oddB = Pair(), oddC = Pair(), oddD = Pair()

    /// - Parameter bytes: words in little-endian order, a multiple of four.
    init(_ bytes: UnsafeRawBufferPointer) {
        let low = Pair(repeating: 0xffff_ffff)
        let half = Pair(repeating: 32)
        var evenA = evenA, evenB = evenB, evenC = evenC, evenD = evenD
        var oddA = oddA, oddB = oddB, oddC = oddC, oddD = oddD
        var place = 0
        while place < bytes.count {
            let words = unsafe bytes.loadUnaligned(fromByteOffset: place, as: Pair.self)
            evenA &+= words & low
            oddA &+= words &>> half
            evenB &+= evenA
            oddB &+= oddA
            evenC &+= evenB
            oddC &+= oddB
            evenD &+= evenC
            oddD &+= oddC
            place += Self.stride
        }
        (self.evenA, self.evenB, self.evenC, self.evenD) = (evenA, evenB, evenC, evenD)
        (self.oddA, self.oddB, self.oddC, self.oddD) = (oddA, oddB, oddC, oddD)
    }

    /// The checksum of all words.
    ///
    /// Of n words, the word w with m of them from it to the end counts m times in b, m(m+1)/2 times in c and
    /// m(m+1)(m+2)/6 times in d. For the k-th from the end of lane i, m = 4k - i; written in the same terms of k, which is
    /// how often it counts in its lane's sums, that gives the factors.
    var sum: Fletcher4 {
        let a = [evenA[0], oddA[0], evenA[1], oddA[1]]
        let b = [evenB[0], oddB[0], evenB[1], oddB[1]]
        let c = [evenC[0], oddC[0], evenC[1], oddC[1]]
        let d = [evenD[0], oddD[0], evenD[1], oddD[1]]
        var sum = Fletcher4()
        for lane in 0..<4 {
            let i = UInt64(lane)
            sum.a &+= a[lane]
            sum.b &+= 4 &* b[lane] &- i &* a[lane]
            sum.c &+= 16 &* c[lane] &- (6 &+ 4 &* i) &* b[lane] &+ i &* (i &- 1) / 2 &* a[lane]
            sum.d &+= 64 &* d[lane] &- (48 &+ 16 &* i) &* c[lane] &+ (2 &* i &* i &+ 4 &* i &+ 4) &* b[lane]
            // i(i-1)(i-2)/6 is 1 for lane 3 and 0 for the others.
            if lane == 3 { sum.d &-= a[lane] }
        }
        return sum
    }
}
