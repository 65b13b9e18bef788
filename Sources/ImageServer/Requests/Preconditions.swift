import HTTPTypes

/// The conditional headers of a request (imgapi.md, section 12; RFC 9110, section 13).
///
/// Etags of this protocol are sent without quotes; in a request quotes and `W/` are taken off.
struct Preconditions {
    private let headers: HTTPFields

    init(_ headers: HTTPFields) { self.headers = headers }

    enum Outcome { case proceed, notModified }

    /// - Parameters:
    ///   - entityTags: what the resource is known by; the first is the one that is sent.
    ///   - modified: nil where the resource has no such date.
    /// - Throws: `PreconditionFailed`.
    func check(entityTags: [String], modified: HTTPDate?) throws(RequestError) -> Outcome {
        if let wanted = tags(.ifMatch) {
            guard matches(wanted, entityTags) else {
                throw RequestError(
                    .preconditionFailed, "PreconditionFailed",
                    "if-match '\(wanted.joined(separator: ", "))' does not match etag '\(entityTags.first ?? "")'")
            }
        } else if let modified, let date = headers[.ifUnmodifiedSince].flatMap({ HTTPDate($0) }), modified > date {
            throw RequestError(
                .preconditionFailed, "PreconditionFailed",
                "modified at '\(modified)', after if-unmodified-since '\(date)'")
        }
        if let known = tags(.ifNoneMatch) { return matches(known, entityTags) ? .notModified : .proceed }
        if let modified, let date = headers[.ifModifiedSince].flatMap({ HTTPDate($0) }), modified <= date {
            return .notModified
        }
        return .proceed
    }

    /// Whether a `Range` header counts: without `If-Range`, or where that names what is here.
    func allowsRange(entityTag: String?, modified: HTTPDate) -> Bool {
        guard let condition = headers[.ifRange] else { return true }
        if let date = HTTPDate(condition) { return date == modified }
        // A weak tag does not vouch for bytes.
        return !condition.hasPrefix("W/") && entityTag != nil && Self.bare(condition[...]) == entityTag
    }

    private func tags(_ name: HTTPField.Name) -> [String]? {
        let values = headers[values: name]
        guard !values.isEmpty else { return nil }
        return values.flatMap { $0.split(separator: ",") }.map { Self.bare($0) }
    }

    private func matches(_ wanted: [String], _ tags: [String]) -> Bool {
        wanted.contains { $0 == "*" || tags.contains($0) }
    }

    private static func bare(_ tag: Substring) -> String {
        var text = tag.trimmingBlanks
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = text.dropFirst().dropLast() }
        return String(text)
    }
}
