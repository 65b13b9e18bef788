public import Failure
public import JSON

/// An image manifest (version 2) as a server or file gave it: order and unknown fields survive.
///
/// Only the UUID is sure to be right; every other field is read as far as it has the type it
/// should have, and is nil otherwise. ``ManifestValidation`` checks the rest.
public struct Manifest: Sendable, Hashable {
    public let uuid: ImageUUID

    /// All fields.
    public private(set) var json: JSONObject

    /// - Throws: `InvalidManifest` if the value is no object, or its `uuid` is missing or none.
    public init(_ value: JSONValue) throws(Failure) {
        guard let json = value.objectValue else {
            throw Failure(.invalidManifest, "invalid manifest: not a JSON object but \(value.kind.rawValue)")
        }
        try self.init(json)
    }

    /// - Throws: `InvalidManifest` if `uuid` is missing or none.
    public init(_ json: JSONObject) throws(Failure) {
        guard let text = json["uuid"] else { throw Failure(.invalidManifest, "invalid manifest: it has no \"uuid\"") }
        guard let uuid = text.stringValue.flatMap({ ImageUUID($0) }) else {
            throw Failure(.invalidManifest, "invalid manifest: \"uuid\" is not a UUID: \(text.text())")
        }
        self.uuid = uuid
        self.json = json
    }

    /// The manifest of an image of which nothing but its UUID is known.
    public init(uuid: ImageUUID) {
        self.uuid = uuid
        json = ["uuid": .string(uuid.description)]
    }

    /// A field by its name. The `uuid` stays what it is, whatever is set.
    public subscript(field: String) -> JSONValue? {
        get { json[field] }
        set { if field != "uuid" { json[field] = newValue } }
    }
}

extension Manifest {
    public var name: String? { json["name"]?.stringValue }
    /// A number in its place counts as its text.
    public var version: String? { json["version"]?.lenientText }
    public var type: String? { json["type"]?.stringValue }
    /// Its type, if it is one that is known.
    public var imageType: ImageType? { type.flatMap { ImageType(rawValue: $0) } }
    public var os: String? { json["os"]?.stringValue }
    public var state: String? { json["state"]?.stringValue }
    /// Its state, if it is one that is known.
    public var imageState: ImageState? { state.flatMap { ImageState(rawValue: $0) } }
    public var owner: ImageUUID? { json["owner"]?.stringValue.flatMap { ImageUUID($0) } }

    /// The image that this one is an increment of.
    public var origin: ImageUUID? { json["origin"]?.stringValue.flatMap { ImageUUID($0) } }

    /// When it was activated, as the server spells it.
    public var publishedAt: String? { json["published_at"]?.stringValue }

    /// The server's channels it is in; nil where the server has none.
    public var channels: [String]? { json["channels"]?.arrayValue?.compactMap(\.stringValue) }

    /// Its files; what is no object among them is left out.
    public var files: [ImageFile] { json["files"]?.arrayValue?.compactMap { ImageFile($0) } ?? [] }

    /// The same, which states that guid of the first file's snapshot, if it states any.
    public func stating(datasetGUID guid: String) -> Manifest {
        guard let stated = files.first?.datasetGUID, stated != guid, var list = json["files"]?.arrayValue,
            let place = list.firstIndex(where: { $0.objectValue != nil }), var file = list[place].objectValue
        else { return self }
        file["dataset_guid"] = .string(guid)
        list[place] = .object(file)
        var manifest = self
        manifest["files"] = .array(list)
        return manifest
    }

    public var requirements: JSONObject { json["requirements"]?.objectValue ?? [:] }
    public var tags: JSONObject { json["tags"]?.objectValue ?? [:] }

    /// The tag that has the digest of the file where a server keeps none in its description, as those of SmartOS.
    public static let fileDigestTag = "file_digest"

    /// The digest that the manifest states of its file: in its description, or else in the tag.
    public var fileDigest: ContentDigest? {
        statedDigests.lazy.compactMap { Self.digest($0.value) }.first
    }

    /// What is stated as the digest of the file and is none, as it stands: nothing can be checked by it. Beside a digest that is one, the tag
    /// counts for nothing.
    public var unusableDigest: (field: String, value: String)? {
        guard let first = statedDigests.first, Self.digest(first.value) == nil else { return nil }
        return (first.field, first.value.text())
    }

    /// What is said of a file that is taken though nothing can be checked by its digest; nil where there is nothing to say.
    public var digestRemark: String? {
        unusableDigest.map { stated in
            "the file of image \(uuid) is not checked by the \(stated.field) of its manifest: \(stated.value) is not a digest"
        }
    }

    private var statedDigests: [(field: String, value: JSONValue)] {
        [
            ("files.0.digest", files.first?.json["digest"]),
            ("tags.\(Manifest.fileDigestTag)", tags[Manifest.fileDigestTag]),
        ].compactMap { field, value in value.flatMap { $0 == .null ? nil : (field, $0) } }
    }

    private static func digest(_ value: JSONValue) -> ContentDigest? {
        value.stringValue.flatMap { ContentDigest($0.lowercased()) }
    }

    /// What a server of simplestreams calls the image.
    public var aliases: StreamsAliases { StreamsAliases(tags: tags) }
    /// What it is called: its name, and the aliases.
    public var names: [String] { (name.map { [$0] } ?? []) + aliases.names }

    public var isActive: Bool { imageState == .active }
    /// Whether it was ever activated.
    public var isActivated: Bool { imageState == .active || imageState == .disabled }

    /// How progress lines name an image: `NAME@VERSION`.
    public var title: String { "\(name ?? "?")@\(version ?? "?")" }
}
