import ImageModel
import JSON

/// What a server has of an image that a run before did not finish publishing, beside what is to be published.
enum HalfPublished {
    /// The fields in which the manifests differ, as far as they are the publisher's to say. None: it is the same image.
    ///
    /// Servers fill in defaults, leave away what is empty, and take numbers as text and the reverse (imgapi.md, sections 3
    /// and 4): none of that is a difference.
    static func differences(_ ours: Manifest, _ theirs: Manifest) -> [String] {
        let keys = ours.json.keys + theirs.json.keys.filter { ours.json[$0] == nil }
        return keys.filter { key in
            guard !servers.contains(key) else { return false }
            let (mine, other) = (plain(ours.json[key], of: key), plain(theirs.json[key], of: key))
            if mine == nil, defaulted.contains(key) { return false }
            if other == nil, hidden.contains(key) { return false }
            return mine != other
        }
    }

    /// What the server decides, whatever it is given.
    private static let servers: Set = [
        "v", "uuid", "owner", "state", "activated", "files", "icon", "channels", "error",
    ]
    /// What the server may fill in.
    private static let defaulted: Set = ["public", "published_at"]
    /// What servers of public images do not show (imgapi.md, section 2).
    private static let hidden: Set = ["billing_tags", "traits"]

    /// A value in the form in which two are compared; nil for what counts as not given.
    private static func plain(_ value: JSONValue?, of key: String) -> JSONValue? {
        var value = value
        if key == "tags", var tags = value?.objectValue {
            // Publishing adds it.
            tags[Manifest.fileDigestTag] = nil
            value = .object(tags)
        }
        return switch value {
        case nil, .null?, .bool(false)?, "false"?, ""?, []?, .object([:])?: nil
        case .bool(true)?: "true"
        case .number(let number)?: .string(number.text)
        case let value?: value
        }
    }
}
