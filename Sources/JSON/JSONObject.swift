/// The members of a JSON object, in order.
///
/// Keys are told apart by their UTF-8 bytes, as JSON readers do, and not by Unicode
/// equivalence. Setting a key that is there keeps its place; a new key goes to the end.
/// Two objects are equal if they have equal members in any order.
public struct JSONObject: Sendable, ExpressibleByDictionaryLiteral, Sequence {
    public typealias Element = (key: String, value: JSONValue)

    private var members: [Element] = []

    /// Where each key stands. Most objects are so small that walking them is quicker than
    /// hashing; only beyond `walkable` members is this kept.
    private var places: [ExactKey: Int]?
    private static let walkable = 32

    public init() {}

    /// Takes the members one after the other: of a key that comes twice, the last value
    /// stands at the place of the first (as in JavaScript).
    public init(_ members: some Sequence<Element>) {
        for member in members { self[member.key] = member.value }
    }

    public init(dictionaryLiteral members: (String, JSONValue)...) {
        for (key, value) in members { self[key] = value }
    }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    /// The keys, in order.
    public var keys: [String] { members.map(\.key) }
    /// The values, in order.
    public var values: [JSONValue] { members.map(\.value) }

    public func makeIterator() -> IndexingIterator<[Element]> { members.makeIterator() }

    /// Whether there is a member of that name, be its value `null`.
    public func contains(_ key: String) -> Bool { place(of: key) != nil }

    /// The value of a key. Setting nil removes the member; to store a `null`, set `JSONValue.null`.
    public subscript(key: String) -> JSONValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            guard let newValue else {
                removeValue(forKey: key)
                return
            }
            if let place = place(of: key) {
                members[place].value = newValue
            } else {
                append(key, newValue)
            }
        }
    }

    /// Takes a member out, and says what its value was.
    @discardableResult
    public mutating func removeValue(forKey key: String) -> JSONValue? {
        guard let place = place(of: key) else { return nil }
        let removed = members.remove(at: place)
        if places != nil { indexMembers() }
        return removed.value
    }

    /// Only for the builder, which knows how many members come.
    mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    private func place(of key: String) -> Int? {
        if let places { return places[ExactKey(text: key)] }
        let count = key.utf8.count
        return members.firstIndex { $0.key.utf8.count == count && ExactKey(text: $0.key) == ExactKey(text: key) }
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if places != nil {
            places?[ExactKey(text: key)] = members.count - 1
        } else if members.count > Self.walkable {
            indexMembers()
        }
    }

    private mutating func indexMembers() {
        places = Dictionary(
            members.enumerated().map { (ExactKey(text: $1.key), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// A key that is equal only to the same bytes.
    private struct ExactKey: Hashable {
        let text: String

        static func == (one: ExactKey, other: ExactKey) -> Bool {
            // What Unicode calls different has other bytes, and that is quickly told.
            one.text == other.text && one.text.utf8.elementsEqual(other.text.utf8)
        }

        func hash(into hasher: inout Hasher) {
            // Not that of the text: what is equal to Unicode shares it, and there are any number of such keys of the same letters, of which
            // each would be compared with all others.
            if unsafe text.utf8.withContiguousStorageIfAvailable({
                unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0))
            }) == nil {
                for byte in text.utf8 { hasher.combine(byte) }
            }
        }
    }
}

extension JSONObject: Hashable {
    public static func == (one: JSONObject, other: JSONObject) -> Bool {
        one.count == other.count && one.allSatisfy { other[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in members {
            var member = Hasher()
            member.combine(ExactKey(text: key))
            member.combine(value)
            sum ^= member.finalize()
        }
        hasher.combine(sum)
    }
}
