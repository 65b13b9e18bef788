public import Failure
public import JSON

/// The manifest of an image that is made of a file without one: a disk, or the archive of a system's files. `convert` and
/// `import` have this in common, so that a file is the same image whichever way it was taken.
///
/// What was given counts most, then what the content says of itself, then what the name of the file tells. The UUID follows
/// from the file (``ContentUUID``) unless it was given.
public struct ImageDraft: Sendable {
    public let kind: ContentUUID.Kind
    /// The name of the file, without a path.
    public let fileName: String
    /// Fields that were given.
    public let given: JSONObject
    /// Of these, the single ones that came with the command. They stay when a source has the image under another manifest.
    public let fields: JSONObject
    /// Fields that the place tells where the file was found, such as the notes of a registry: they count less than what the files
    /// of a root say, and more than the file's name.
    public var stated: JSONObject = [:]
    /// The digests of the files that the image is made of, where they are known beforehand.
    public var files: [ContentDigest] = []
    /// It is of a disk that is taken as it is, and not as what it looks like.
    public var isAsItIs = false
    /// What the image is an increment to.
    public var origin: Manifest?
    /// Bytes of the disk, once they are known.
    public var size: UInt64?
    /// What the files of a root say of their system, once they have been seen.
    public var release: OSRelease?
    /// When the file came to be, as its server says (ISO 8601).
    public var publishedAt: String?
    /// What stands for a version where nothing tells one.
    public var lastVersion: String?

    /// What virtual machines have everywhere by now.
    private static let machine: JSONObject = ["nic_driver": "virtio", "disk_driver": "virtio", "cpu_type": "host"]

    /// - Parameters:
    ///   - manifest: the fields of a manifest that was given.
    ///   - fields: single fields, which count more: a path and its value.
    public init(
        _ kind: ContentUUID.Kind, fileName: String, manifest: JSONObject = [:],
        fields: [(path: String, value: JSONValue)]
    ) {
        self.kind = kind
        self.fileName = fileName
        var given = manifest
        var single = JSONObject()
        for (path, value) in fields {
            ManifestFields.set(value, at: path, in: &given)
            ManifestFields.set(value, at: path, in: &single)
        }
        self.given = given
        self.fields = single
    }

    /// The UUID follows from the file, whose digest is to be known, then.
    public var isNamedByFile: Bool { given["uuid"]?.stringValue == nil }

    /// The content may still tell another version, or the first one.
    public var hasProvisionalVersion: Bool { kind == .root && given["version"] == nil && release == nil }

    /// The name that the files of a root say, where none was given.
    public var releaseName: String? { given["name"] == nil ? release?.name : nil }

    /// The UUID of a file. An increment to another image is another image than the whole.
    ///
    /// - Parameter digest: of the file; nil where it is not known, or ``files`` tells.
    /// - Returns: nil if it takes the file's SHA-256, and that is not known.
    public func uuid(_ digest: ContentDigest?) -> ImageUUID? {
        if let given = given["uuid"]?.stringValue { return ImageUUID(given) }
        let known = files.isEmpty ? digest.map { [$0] } ?? [] : files
        guard !known.isEmpty else { return nil }
        let base = origin.map { ContentDigest(.sha256, of: Array($0.uuid.description.utf8)) }
        return ContentUUID.derive(kind, isAsItIs: isAsItIs, files: (base.map { [$0] } ?? []) + known)
    }

    /// What is known by now.
    ///
    /// - Parameter uuid: as ``uuid(_:)`` has it; nil while that is not known.
    public func json(uuid: ImageUUID?) -> JSONObject {
        var json: JSONObject = ["v": 2]
        if let uuid { json["uuid"] = .string(uuid.description) }
        for (key, value) in given { json[key] = value }
        let told = ImageFileName(fileName)
        func offer(_ field: String, _ value: JSONValue?) { if json[field] == nil, let value { json[field] = value } }
        offer("name", release?.name.map { .string($0) })
        offer("version", release?.version.map { .string($0) })
        for (field, value) in stated where field != "os" { offer(field, value) }
        offer("name", .string(told.name))
        offer("version", told.version.map { .string($0) })
        offer("type", (kind == .disk ? ImageType.zvol : .lxDataset).json)
        offer("os", release?.os?.json)
        offer("os", stated["os"] ?? told.os?.json)
        for field in ["version", "os", "requirements", "users", "nic_driver", "disk_driver", "cpu_type"] {
            offer(field, origin?.json[field])
        }
        offer("version", lastVersion.map { .string($0) })
        // Better that of the system than an error once all of it has been read.
        offer("version", release?.release.map { .string($0) })
        offer("published_at", publishedAt.map { .string($0) })
        switch kind {
        case .disk:
            for (field, value) in Self.machine { offer(field, value) }
            offer("os", ImageOS.other.json)
            offer("image_size", size.map { Self.imageSize($0) })
        // Where an image of this type runs, it runs as Linux.
        case .root: offer("os", ImageOS.linux.json)
        }
        if let origin { json["origin"] = .string(origin.uuid.description) }
        return json
    }

    /// What `image_size` is of a disk: rounded up.
    private static func mebibytes(_ bytes: UInt64) -> UInt64 { bytes / (1 << 20) + (bytes % (1 << 20) == 0 ? 0 : 1) }

    /// What `image_size` is of a disk, as a field.
    public static func imageSize(_ bytes: UInt64) -> JSONValue { .number(JSONNumber(Int(clamping: mebibytes(bytes)))) }

    /// Of a disk, `image_size` is nothing else than its size.
    ///
    /// - Throws: `ManifestValidation` where another is stated.
    public static func checkImageSize(in json: JSONObject, ofDisk bytes: UInt64) throws(Failure) {
        guard let stated = json["image_size"] else { return }
        let size = mebibytes(bytes)
        guard stated.lenientInt.flatMap({ UInt64(exactly: $0) }) == size else {
            throw Failure(
                .manifestValidation,
                "invalid manifest: image_size \(stated.lenientText ?? stated.text()), but the disk has \(size) MiB",
                hint: "image_size=\(size), or none: it is what the disk has")
        }
    }

    /// The manifest of the image.
    ///
    /// - Throws: `ManifestValidation`.
    public func manifest(_ uuid: ImageUUID) throws(Failure) -> Manifest { try checked(json(uuid: uuid)) }

    /// What is known by now, made up to a manifest under another UUID: enough to plan with.
    ///
    /// - Throws: `ManifestValidation` for what no content can put right any more.
    public func provisionalManifest(_ uuid: ImageUUID) throws(Failure) -> Manifest {
        var json = json(uuid: uuid)
        // One that was given and is none shows now, and not when all has been read.
        if given["uuid"] == nil { json["uuid"] = .string(uuid.description) }
        if kind == .disk, json["image_size"] == nil { json["image_size"] = 1 }
        // The files of a system say of what version it is.
        if kind == .root, json["version"] == nil { json["version"] = "0" }
        return try checked(json)
    }

    /// Why no image could be made with what is known by now, and what to give; nil where one could.
    public var shortcoming: Failure? {
        do throws(Failure) {
            // The UUID counts for nothing there.
            _ = try provisionalManifest(ImageUUID())
            return nil
        } catch {
            return error
        }
    }

    /// What only the content can tell, which is not known yet, and what to give where it does not; nil where all is known.
    public var openQuestion: String? {
        guard kind == .root, release == nil, json(uuid: nil)["version"] == nil else { return nil }
        let told = given["name"] == nil ? "name and version are" : "the version is"
        return
            "\(told) what an os-release in it tells, if it has one: otherwise a version must be given, as version=1.0.0"
    }

    private func checked(_ json: JSONObject) throws(Failure) -> Manifest {
        guard given["origin"] == nil || given["origin"]?.stringValue == origin?.uuid.description else {
            throw Failure(
                .manifestValidation,
                "invalid manifest: it has an origin, but the image is \(origin.map { "incremental to \($0.uuid)" } ?? "a whole one")",
                hint: "leave the field out; imgadm convert --origin MANIFEST makes an incremental image of a disk")
        }
        do {
            try ManifestValidation.check(json)
        } catch let failure {
            let examples = [("name", "web"), ("version", "1.0.0"), ("os", "linux")]
            let missing = examples.filter { json[$0.0] == nil }.map { "\($0.0)=\($0.1)" }
            throw Failure(
                failure.code, failure.message, cause: failure.cause,
                hint: missing.isEmpty || failure.hint != nil
                    ? failure.hint
                    : "neither the file nor its name tells \(missing.count == 1 ? "it" : "them"): \(missing.joined(separator: " ")) behind the file gives what is missing"
            )
        }
        let fitting: [ImageType] = kind == .disk ? [.zvol] : [.lxDataset, .zoneDataset]
        guard fitting.contains(where: { $0.json == json["type"] }) else {
            throw Failure(
                .manifestValidation,
                kind == .disk
                    ? "invalid manifest: of a disk an image of type zvol is made, and no other"
                    : "invalid manifest: of a root file system an image of type lx-dataset or zone-dataset is made, and no other"
            )
        }
        if kind == .disk, let size { try Self.checkImageSize(in: json, ofDisk: size) }
        return try Manifest(json)
    }
}
