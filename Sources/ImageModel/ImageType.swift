public import JSON

/// The kinds of image that manifests know (manifest.md).
public enum ImageType: String, Sendable, CaseIterable {
    case zoneDataset = "zone-dataset"
    case lxDataset = "lx-dataset"
    case lxd
    case zvol
    case docker
    case other
}

/// The operating systems that manifests know.
public enum ImageOS: String, Sendable, CaseIterable {
    case smartos, linux, windows, bsd, illumos, other
}

/// What a server says of an image's availability.
public enum ImageState: String, Sendable, CaseIterable {
    case active, unactivated, disabled, failed, creating
}

extension ImageType {
    /// As it stands in a manifest.
    public var json: JSONValue { .string(rawValue) }
}

extension ImageOS {
    /// As it stands in a manifest.
    public var json: JSONValue { .string(rawValue) }
}

extension ImageState {
    /// As it stands in a manifest.
    public var json: JSONValue { .string(rawValue) }
}
