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
}
