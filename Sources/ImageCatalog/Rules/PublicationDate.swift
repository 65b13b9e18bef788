import Host
import Time

/// A moment of publication in the form in which moments compare as text: ISO 8601 in UTC, always with
/// milliseconds. An image without one comes before all others (imgapi.md, section 11).
public struct PublicationDate: Sendable, Hashable, Comparable {
    public let text: String

    /// The `published_at` of a manifest. Servers write it with or without milliseconds.
    init(publishedAt: String?) {
        let text = publishedAt ?? ""
        // 2024-01-02T03:04:05Z
        self.text = text.utf8.count == 20 && text.hasSuffix("Z") ? text.dropLast() + ".000Z" : text
    }

    public static func < (one: PublicationDate, other: PublicationDate) -> Bool { one.text < other.text }
}

extension PublicationDate {
    /// A date that a `marker` names.
    public init?(marker: String) {
        guard let moment = Timestamp(iso8601: marker) else { return nil }
        text = moment.description
    }
}
