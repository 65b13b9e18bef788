/// What a request shows so that it is let in. A server may say it back, and no message has it then: answers hide it where their
/// words become text (``HTTPReply/excerpt(of:)``), and in their headers.
public struct ShownSecrets: Sendable, Hashable {
    private let texts: [String]

    /// What stands for it.
    static let mask = "***"

    /// Nothing is shown.
    public static let none = ShownSecrets(texts: [])

    private init(texts: [String]) { self.texts = texts }

    /// What is behind the scheme of `Authorization` (RFC 9110 §11.6.2), and what whoever made the request calls secret. A signature
    /// is good for one request, and no secret.
    init(of request: HTTPRequest) {
        let headers = request.headers.filter { $0.name.lowercased() == "authorization" }.compactMap { header in
            let parts = header.value.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() != "signature" ? String(parts[1]) : nil
        }
        // The longest first: another may be part of it.
        texts = (headers + request.secrets).filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// The text without what was shown.
    public func hidden(in text: String) -> String {
        texts.reduce(text) { $0.replacing($1, with: ShownSecrets.mask) }
    }
}
