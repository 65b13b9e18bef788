/// What pax extended headers say of an entry (POSIX.1 pax, "pax Header Block").
struct PaxHeader {
    /// The last value of each key that means something here; empty: as if it were not there.
    private(set) var values: [String: [UInt8]] = [:]
    /// `SCHILY.xattr.*`, by name.
    private(set) var attributes: [(name: [UInt8], value: [UInt8])] = []
    /// Where in `attributes` a name is: a header may have tens of thousands.
    private var attributePlaces: [[UInt8]: Int] = [:]
    /// Regions of a sparse file as version 0.0 lists them, offsets and counts in turn.
    private(set) var sparseNumbers: [[UInt8]] = []

    private static let known: Set<String> = [
        "path", "linkpath", "size", "uid", "gid", "mtime", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.name",
        "GNU.sparse.realsize", "GNU.sparse.size", "GNU.sparse.numblocks", "GNU.sparse.map",
    ]
    private static let attribute = Array("SCHILY.xattr.".utf8)
    /// What changes the content in ways that not every reader knows.
    private static let refused: Set<String> = ["SUN.holesdata", "SCHILY.realsize"]

    init() {}

    /// Reads records of the form `LENGTH KEY=VALUE\n`.
    ///
    /// - Throws: `badExtendedHeader`, `ambiguous`, `unsupported`.
    init(records: [UInt8]) throws(UnplacedTarError) {
        var rest = records[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != UInt8(ascii: " ") }
            guard let length = Decimal.read(digits), length <= UInt64(rest.count), Int(length) > digits.count + 1 else {
                throw UnplacedTarError(.badExtendedHeader, "a record has a bad length")
            }
            let record = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            guard record.last == UInt8(ascii: "\n") else {
                throw UnplacedTarError(.badExtendedHeader, "a record does not end in a line's end")
            }
            let content = record.dropFirst(digits.count + 1).dropLast()
            guard let equals = content.firstIndex(of: UInt8(ascii: "=")), equals > content.startIndex else {
                throw UnplacedTarError(.badExtendedHeader, "a record has no key")
            }
            let key = content[..<equals]
            // Some readers would take it for the key before the NUL.
            guard !key.contains(0) else { throw UnplacedTarError(.badExtendedHeader, "a key has a NUL in it") }
            let value = Array(content[(equals + 1)...])
            if key.starts(with: PaxHeader.attribute) {
                try addAttribute(Array(key.dropFirst(PaxHeader.attribute.count)), value)
            } else {
                try add(String(decoding: key, as: UTF8.self), value)
            }
        }
        guard sparseNumbers.count.isMultiple(of: 2) else {
            throw UnplacedTarError(.badSparseMap, "it ends in the middle of a region")
        }
    }

    private mutating func add(_ key: String, _ value: [UInt8]) throws(UnplacedTarError) {
        if PaxHeader.refused.contains(key) { throw UnplacedTarError(.unsupported, "a sparse file of the kind \(key)") }
        if key == "GNU.sparse.offset" || key == "GNU.sparse.numbytes" {
            guard sparseNumbers.count.isMultiple(of: 2) == (key == "GNU.sparse.offset") else {
                throw UnplacedTarError(.badSparseMap, "its offsets and counts do not take turns")
            }
            sparseNumbers.append(value)
        } else if PaxHeader.known.contains(key) {
            guard !value.contains(0) else { throw UnplacedTarError(.badExtendedHeader, "\(key) has a NUL in it") }
            values[key] = value
        }
    }

    /// Names are bytes: they need not be UTF-8.
    private mutating func addAttribute(_ name: [UInt8], _ value: [UInt8]) throws(UnplacedTarError) {
        guard !name.isEmpty, name.count <= 255 else {
            throw UnplacedTarError(.badExtendedHeader, "an extended attribute has a bad name")
        }
        if let place = attributePlaces[name] {
            attributes[place].value = value
        } else {
            attributePlaces[name] = attributes.count
            attributes.append((name, value))
        }
    }

    /// This is a header for all entries behind it: GNU tar heeds those, Go and libarchive do not.
    ///
    /// - Throws: `ambiguous` unless it says nothing of them.
    func checkGlobal() throws(UnplacedTarError) {
        if let key = values.filter({ !$0.value.isEmpty }).keys.min() {
            throw UnplacedTarError(.ambiguous, "\(key) is stated for all entries")
        }
        guard sparseNumbers.isEmpty, attributes.isEmpty else {
            throw UnplacedTarError(.ambiguous, "sparse regions or attributes are stated for all entries")
        }
    }

    /// A value; nil where there is none.
    func text(_ key: String) -> [UInt8]? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

    func number(_ key: String) throws(UnplacedTarError) -> UInt64? {
        guard let text = text(key) else { return nil }
        guard let number = Decimal.read(text) else { throw UnplacedTarError(.badExtendedHeader, "\(key) is no number") }
        return number
    }

    /// `mtime`: seconds with an optional sign and fraction; what is too far off is cut to 2^60 seconds.
    func modified() throws(UnplacedTarError) -> TarTime? {
        guard var text = text("mtime")?[...] else { return nil }
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative { text = text.dropFirst() }
        let whole = text.prefix { $0 != UInt8(ascii: ".") }
        let fraction = text.dropFirst(whole.count + 1)
        guard !whole.isEmpty, whole.allSatisfy(Decimal.isDigit), fraction.allSatisfy(Decimal.isDigit),
            let digits = fraction.isEmpty ? 0 : Decimal.read(fraction.prefix(9))
        else { throw UnplacedTarError(.badExtendedHeader, "mtime is no time") }
        let significant = whole.drop { $0 == UInt8(ascii: "0") }
        let seconds = significant.isEmpty ? 0 : min(Decimal.read(significant) ?? .max, 1 << 60)
        var nanoseconds = UInt32(digits)
        for _ in min(fraction.count, 9)..<9 { nanoseconds *= 10 }
        guard isNegative else { return TarTime(seconds: Int64(seconds), nanoseconds: nanoseconds) }
        return nanoseconds == 0
            ? TarTime(seconds: -Int64(seconds))
            : TarTime(seconds: -Int64(seconds) - 1, nanoseconds: 1_000_000_000 - nanoseconds)
    }
}
