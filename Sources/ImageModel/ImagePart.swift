public import JSON

/// What an image has in a repository beside its manifest.
public enum ImagePart: Sendable, Hashable, CaseIterable {
    case file, icon

    /// A manifest, as repositories keep it, speaks of the part.
    public func isDescribed(in stored: JSONObject) -> Bool {
        switch self {
        case .file: stored["files"]?.arrayValue?.isEmpty == false
        case .icon: stored["icon"] == true || stored["icon"]?.objectValue != nil
        }
    }

    /// The SHA-1 that a manifest, as repositories keep it, states of the part.
    public func sha1(in stored: JSONObject) -> String? {
        switch self {
        case .file: stored["files"]?[0]?["sha1"]?.stringValue
        case .icon: stored["icon"]?["sha1"]?.stringValue
        }
    }
}
