import Failure
import JSON
import Transport

/// The list of tags (OCI distribution-spec, "Listing Tags").
extension RemoteRepository {
    /// All tags; none where there is no such repository yet.
    ///
    /// - Throws: `SourceError`, `ConnectionError`, `Unauthorized`.
    public func tags() async throws -> [String] {
        var tags: [String] = []
        var page: String? = url("tags/list?n=1000")
        var bytes = 0
        let start = ContinuousClock.now
        for number in 0..<limits.tagPages {
            guard let url = page else { return tags }
            let answer = try await ask(.tags, url, limit: limits.tagListBytes - bytes)
            // In the middle of a list it is no end, but something that is missing.
            if answer.meaning == .absent, number == 0 { return [] }
            guard answer.meaning == .done else { throw refusal(answer, "the list of tags of \(description)") }
            let reply = answer.reply
            tags += try readTags(reply)
            bytes += reply.body.count
            guard start.duration(to: .now) < settings.replyTimeout else { break }
            page = try reply.headers["link"].flatMap { try nextPage($0) }
        }
        throw Failure(.sourceError, "the list of tags of \(description) has no end")
    }

    /// `null` stands for no tags at all (docker-registry 2).
    private func readTags(_ reply: HTTPReply) throws(Failure) -> [String] {
        func bad(_ error: (any Error)?) -> Failure {
            Failure(.sourceError, "\(description) answered with something that is no list of tags", cause: error)
        }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: reply.body)
        } catch {
            throw bad(error)
        }
        if json.objectValue != nil, json["tags"] ?? .null == .null { return [] }
        guard let list = json["tags"]?.arrayValue else { throw bad(nil) }
        let tags = list.compactMap(\.stringValue)
        guard tags.count == list.count else { throw bad(nil) }
        return tags
    }

    /// RFC 8288: `<URL>; rel="next"`. Only a page of this registry is followed.
    ///
    /// - Throws: `SourceError` for a page that is somewhere else: the list would not be whole without it.
    private func nextPage(_ link: String) throws(Failure) -> String? {
        guard link.contains("rel=\"next\"") || link.contains("rel=next") else { return nil }
        guard let start = link.firstIndex(of: "<"), let end = link.firstIndex(of: ">"), start < end,
            let page = location(String(link[link.index(after: start)..<end]))
        else {
            throw Failure(
                .sourceError, "the list of tags of \(description) goes on where it cannot be followed: \(link)")
        }
        return page
    }
}
