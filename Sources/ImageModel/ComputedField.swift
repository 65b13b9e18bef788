import JSON

/// The fields that no manifest has (cli.md §2). They stand before a manifest's field of the same name.
enum ComputedField: String, CaseIterable {
    case publishedDate = "published_date"
    case pub
    case published
    case source
    case clones
    case zpool, pool
    case installed
    case reference
    case dockerDigests = "docker_digests"
    case size
    case dockerID = "docker_id"
    case dockerShortID = "docker_short_id"
    case dockerRepo = "docker_repo"
    case dockerTags = "docker_tags"
    case used, unique, referenced

    /// The fields of the manifest that it is made of.
    var ingredients: [String] {
        switch self {
        case .publishedDate, .pub, .published: ["published_at"]
        case .source, .clones, .zpool, .pool, .installed, .reference, .dockerDigests: []
        case .used, .unique, .referenced: []
        case .size: ["files"]
        case .dockerID, .dockerShortID, .dockerRepo, .dockerTags: ["type", "tags"]
        }
    }

    /// - Parameter found: the manifest's ``ingredients``, in their order.
    func value<Value: JSONReadable>(_ found: [Value?], _ extras: ImageExtras) -> JSONValue? {
        let first = found.first ?? nil
        switch self {
        case .publishedDate, .pub: return first?.value.stringValue.map { .string(PublishedDate.day(of: $0)) }
        case .published: return first?.value.stringValue.map { .string(PublishedDate.second(of: $0)) }
        case .source: return extras.source.map { .string($0) }
        case .clones: return extras.clones.map { .number(JSONNumber($0)) }
        case .zpool, .pool: return extras.zpool.map { .string($0) }
        case .installed: return extras.installed.map { .string($0) }
        case .reference: return ComputedField.list(extras.references)
        case .dockerDigests: return ComputedField.list(extras.digests)
        case .size: return first?[0]?["size"]?.value
        case .used: return ComputedField.number(extras.space?.used)
        case .unique: return ComputedField.number(extras.space?.unique)
        case .referenced: return ComputedField.number(extras.space?.referenced)
        case .dockerID, .dockerShortID, .dockerRepo, .dockerTags:
            guard first?.value.stringValue == ImageType.docker.rawValue, let tags = found.last ?? nil else {
                return nil
            }
            return docker(tags)
        }
    }

    private static func number(_ bytes: UInt64?) -> JSONValue? {
        bytes.map { .number(JSONNumber(Int(clamping: $0))) }
    }

    private static func list(_ texts: [String]) -> JSONValue? {
        texts.isEmpty ? nil : .array(texts.map { .string($0) })
    }

    private func docker(_ tags: some JSONReadable) -> JSONValue? {
        switch self {
        case .dockerID: tags["docker:id"]?.value
        case .dockerRepo: tags["docker:repo"]?.value
        case .dockerShortID:
            tags["docker:id"]?.value.stringValue.map { id in
                .string(String((id.split(separator: ":").last ?? "").prefix(12)))
            }
        case .dockerTags:
            .array(
                (tags.value.objectValue?.keys ?? [])
                    .filter { $0.hasPrefix("docker:tag:") }
                    .map { .string(String($0.dropFirst("docker:tag:".count))) })
        default: nil
        }
    }
}

/// What is known of an image beside its manifest.
public struct ImageExtras: Sendable, Hashable {
    /// The URL of the source it comes from.
    public var source: String?
    /// The pool it is installed on.
    public var zpool: String?
    /// How many datasets are clones of it.
    public var clones: Int?
    /// What it takes of the disk, where that was asked for.
    public var space: ImageSpace?
    /// When it came to this host (`2026-01-02T03:04:05Z`), where that was asked for.
    public var installed: String?
    /// What docker calls it: `REPO:TAG`, or `REPO@DIGEST`.
    public var references: [String] = []
    /// The digests that references to it led to: `REPO@DIGEST`.
    public var digests: [String] = []

    public init(source: String? = nil, zpool: String? = nil, clones: Int? = nil) {
        self.source = source
        self.zpool = zpool
        self.clones = clones
    }
}

/// What an image takes of the disk, in bytes.
public struct ImageSpace: Sendable, Hashable {
    /// With what is below it.
    public var used: UInt64
    /// What would come free with it, were nothing a clone of it.
    public var unique: UInt64
    /// All that can be read in it, which it may share with its origin.
    public var referenced: UInt64

    public init(used: UInt64, unique: UInt64, referenced: UInt64) {
        self.used = used
        self.unique = unique
        self.referenced = referenced
    }

    /// The fields that say so.
    public static let fields: Set = ["used", "unique", "referenced"]
}
