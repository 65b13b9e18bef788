public import JSON

/// A file of an image, as its manifest describes it. Fields of a wrong type are nil.
public struct ImageFile: Sendable, Hashable {
    /// All fields.
    public let json: JSONObject

    /// Nil if the value is no object.
    public init?(_ value: JSONValue) {
        guard let json = value.objectValue else { return nil }
        self.json = json
    }

    /// The size of the (compressed) file in bytes; nil also where it is negative.
    public var size: Int64? { json["size"]?.lenientInt.flatMap { $0 < 0 ? nil : Int64($0) } }

    /// The SHA-1 of the (compressed) file, 40 hexadecimal digits.
    public var sha1: String? { json["sha1"]?.stringValue }

    /// How it is compressed: `none`, `gzip`, `bzip2`, `xz` or `zstd`.
    public var compression: String? { json["compression"]?.stringValue }

    /// The ZFS guid of the snapshot that the stream makes. Some writers give it as a number.
    public var datasetGUID: String? {
        switch json["dataset_guid"] {
        case .string(let text)?: text
        case .number(let number)?: number.text
        default: nil
        }
    }

    /// The digest of the compressed file: `sha256:` and hexadecimal digits.
    public var digest: String? { json["digest"]?.stringValue }

    /// The same, if it is one.
    public var sha256: ContentDigest? {
        digest.flatMap { ContentDigest($0.lowercased()) }.flatMap { $0.algorithm == .sha256 ? $0 : nil }
    }

    /// The digest of what is inside.
    public var uncompressedDigest: String? { json["uncompressedDigest"]?.stringValue }

    /// Where to get it, in old (version 1) manifests.
    public var url: String? { json["url"]?.stringValue }
}
