/// Names of members to look for, prepared once for many objects.
public struct JSONKeys: Sendable, ExpressibleByArrayLiteral {
    private let names: [[UInt8]]

    public init(_ names: [String]) { self.names = names.map { Array($0.utf8) } }
    public init(arrayLiteral names: String...) { self.init(names) }

    public var count: Int { names.count }

    /// Calls `found` with the place of each name that is equal to a key of a text.
    @inline(__always)
    func match(_ text: Span<UInt8>, _ key: Range<Int>, found: (Int) -> Void) {
        for place in names.indices where names[place].count == key.count {
            var index = 0
            while index < key.count, names[place][index] == text[key.lowerBound &+ index] { index &+= 1 }
            if index == key.count { found(place) }
        }
    }

    func match(_ key: String, found: (Int) -> Void) {
        for place in names.indices where key.utf8.elementsEqual(names[place]) { found(place) }
    }
}
