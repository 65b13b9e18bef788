/// What type of body a client accepts for what is JSON (imgapi.md, section 1).
enum AnswerType: Sendable {
    /// `application/json`, two blanks a level.
    case json
    /// `text/plain`: JSON on one line.
    case text
    /// `application/octet-stream`: JSON, but an error is plain text.
    case bytes

    /// Nil if nothing that we have is accepted.
    init?(accept: String?) {
        guard let accept, !accept.isEmpty else {
            self = .json
            return
        }
        // Of equal weight, ours counts: JSON first.
        let offers: [(type: String, group: String, answer: AnswerType)] = [
            ("application/json", "application/*", .json), ("text/plain", "text/*", .text),
            ("application/octet-stream", "application/*", .bytes),
        ]
        var best: (answer: AnswerType, weight: Double)?
        let ranges = accept.split(separator: ",").map(WeightedName.init)
        for offer in offers {
            let range = [offer.type, offer.group, "*/*"].lazy.compactMap { name in ranges.first { $0.name == name } }
                .first
            guard let range, range.weight > best?.weight ?? 0 else { continue }
            best = (offer.answer, range.weight)
        }
        guard let best else { return nil }
        self = best.answer
    }

    /// Whether it is a browser, for a person: it names pages, and nothing that we have before them. What takes anything is a program.
    static func prefersPages(accept: String?) -> Bool {
        let ranges = (accept ?? "").split(separator: ",").prefix(50).map(WeightedName.init)
        guard let page = ranges.first(where: { $0.name == "text/html" }), page.weight > 0 else { return false }
        return !ranges.contains {
            ["application/json", "application/octet-stream", "text/plain"].contains($0.name) && $0.weight >= page.weight
        }
    }
}

/// One of what a client accepts: a media range, a coding (RFC 9110, section 12.4.2).
struct WeightedName {
    /// In lower case.
    let name: String
    /// 0: not acceptable.
    let weight: Double

    init(_ text: Substring) {
        let parts = text.split(separator: ";").map { $0.trimmingBlanks.lowercased() }
        name = parts.first ?? ""
        weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
    }
}
