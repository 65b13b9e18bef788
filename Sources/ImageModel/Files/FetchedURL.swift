public import JSON

/// A URL that led to an image's file, and what its server said by which it is known whether it still does.
public struct FetchedURL: Sendable, Hashable {
    public let url: String
    /// `ETag`
    public let tag: String?
    /// `Last-Modified`
    public let modified: String?

    public init(_ url: String, tag: String?, modified: String?) {
        self.url = url
        self.tag = tag
        self.modified = modified
    }

    /// Something can be asked about it.
    public var isConditional: Bool { tag != nil || modified != nil }

    /// As records have it; nil for what is none: it is asked for anew then.
    public init?(_ value: JSONValue) {
        guard let url = value["url"]?.stringValue else { return nil }
        self.init(url, tag: value["etag"]?.stringValue, modified: value["last_modified"]?.stringValue)
    }

    public var json: JSONValue {
        var object: JSONObject = ["url": .string(url)]
        if let tag { object["etag"] = .string(tag) }
        if let modified { object["last_modified"] = .string(modified) }
        return .object(object)
    }
}
