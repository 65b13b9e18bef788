/// What tells whether a file on a server is still the one a download began with.
struct Validator: Sendable {
    let etag: String?
    let lastModified: String?

    init?(_ headers: HTTPHeaderList) {
        etag = headers["etag"]
        lastModified = headers["last-modified"]
        if etag == nil && lastModified == nil { return nil }
    }

    /// The value for `If-Range`. A weak tag must not be used there (RFC 9110 §13.1.5); one without quotes, as IMGAPI
    /// servers send it (imgapi.md §12), is given back as it came.
    var condition: String? {
        if let etag, !etag.hasPrefix("W/") { return etag }
        return lastModified
    }

    /// It is never the same for two files.
    var isStrong: Bool { etag.map { !$0.hasPrefix("W/") } ?? false }

    /// Both speak of the same thing and differ.
    func contradicts(_ other: Validator) -> Bool {
        if let etag, let theirs = other.etag { return etag != theirs }
        if let lastModified, let theirs = other.lastModified { return lastModified != theirs }
        return false
    }
}

/// `bytes START-END/TOTAL` (RFC 9110 §14.4); the total may be `*`.
struct ContentRange: Sendable, Hashable {
    let start: Int64
    let total: Int64?

    init?(_ text: String?) {
        guard let text, text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        let ends = parts.first?.split(separator: "-", omittingEmptySubsequences: false) ?? []
        guard parts.count == 2, ends.count == 2, let start = HTTPNumber.read(ends[0]),
            let end = HTTPNumber.read(ends[1]), end >= start
        else { return nil }
        self.start = start
        total = parts[1] == "*" ? nil : HTTPNumber.read(parts[1])
        guard parts[1] == "*" || total.map({ $0 > end }) == true else { return nil }
    }
}
