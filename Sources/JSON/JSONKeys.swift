/// Names of members to look for, prepared once for many objects.
public struct JSONKeys: Sendable, ExpressibleByArrayLiteral {
    public let names: [String]
    private let bytes: [[UInt8]]

    public init(_ names: [String]) {
        self.names = names
        bytes = names.map { Array($0.utf8) }
    }

    public init(arrayLiteral names: String...) { self.init(names) }

    public var count: Int { names.count }

    /// Calls `found` with the place of each name that is equal to a key of a text.
    @inline(__always)
    func match(_ text: Span<UInt8>, _ key: Range<Int>, found: (Int) -> Void) {
        for place in bytes.indices where bytes[place].count == key.count {
            var index = 0
            while index < key.count, bytes[place][index] == text[key.lowerBound &+ index] { index &+= 1 }
            if index == key.count { found(place) }
        }
    }

    func match(_ key: String, found: (Int) -> Void) {
        for place in bytes.indices where key.utf8.elementsEqual(bytes[place]) { found(place) }
    }
}
