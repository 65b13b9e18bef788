import ImageModel
import JSON
import Time

/// A file of a server as it is kept: a line that says what it is, then its bytes.
struct KeptFile: Sendable {
    /// By what it is known whether the server still has the same.
    let fetched: FetchedURL
    let date: Timestamp
    let bytes: [UInt8]

    /// The longest first line.
    static let longestLine = 64 << 10

    init(_ fetched: FetchedURL, date: Timestamp, bytes: [UInt8]) {
        self.fetched = fetched
        self.date = date
        self.bytes = bytes
    }

    /// Nil for what is damaged, or of another URL: it is fetched anew then.
    init?(stored: [UInt8], of url: String) {
        guard let end = stored.prefix(Self.longestLine).firstIndex(of: UInt8(ascii: "\n")),
            // What cannot be read was not written here.
            let head = try? JSONValue(parsing: Array(stored[..<end])), let fetched = FetchedURL(head),
            fetched.url == url, let date = head["date"]?.stringValue.flatMap({ Timestamp(iso8601: $0) })
        else { return nil }
        let bytes = Array(stored[(end + 1)...])
        guard head["digest"]?.stringValue == ContentDigest(.sha256, of: bytes).description else { return nil }
        self.init(fetched, date: date, bytes: bytes)
    }

    var stored: [UInt8] {
        var head = fetched.json.objectValue ?? [:]
        head["date"] = .string(date.description)
        head["digest"] = .string(ContentDigest(.sha256, of: bytes).description)
        var stored: [UInt8] = []
        JSONValue.object(head).write(to: &stored, style: .compact)
        return stored + [UInt8(ascii: "\n")] + bytes
    }
}
