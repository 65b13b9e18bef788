/// The dates that tables show of a manifest's `published_at`. Plain work on text: what is no date
/// comes back much as it is.
public enum PublishedDate {
    /// The date part: `2023-01-02` of `2023-01-02T03:04:05.678Z`.
    public static func day(of publishedAt: String) -> String {
        String(publishedAt.prefix { $0 != "T" })
    }

    /// Without the fraction of a second: `2023-01-02T03:04:05Z` of `2023-01-02T03:04:05.678Z`.
    public static func second(of publishedAt: String) -> String {
        guard publishedAt.last == "Z", let point = publishedAt.lastIndex(of: ".") else { return publishedAt }
        let fraction = publishedAt[publishedAt.index(after: point)...].dropLast()
        guard !fraction.isEmpty, fraction.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return publishedAt }
        return publishedAt[..<point] + "Z"
    }
}
