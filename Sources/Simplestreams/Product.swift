public import ImageModel
import JSON

/// Images of one operating system, release, variant and architecture, in several versions.
public struct Product: Sendable {
    /// As `debian:bookworm:amd64:cloud`.
    public let key: String
    public let architecture: Architecture
    /// The newest first; of one version the root before the disk.
    public let images: [StreamsImage]
    let names: ProductNames

    /// Nil for a product of another architecture, and one without images.
    ///
    /// - Throws: `Unusable`.
    init?(
        _ key: String, _ json: JSONSlice, of wanted: Architecture?, _ remarks: inout Remarks
    ) throws(Unusable) {
        let found = json.members(Self.keys)
        func text(_ place: Int) -> String { found[place]?.stringValue ?? "" }
        let subject = "product \(key.prefix(100))"
        guard let name = found[0]?.stringValue else { throw Unusable(why: "names no architecture") }
        guard let architecture = Architecture(named: name) else { return nil }
        if let wanted, architecture != wanted { return nil }
        guard key.utf8.count <= 200 else { throw Unusable(why: "has too long a name") }
        let fields = ProductFields(
            os: text(2), version: text(3), release: text(4), title: text(5), variant: text(6))
        let names = ProductNames(product: key, aliases: found[1]?.stringValue, fields: fields, &remarks)
        guard let versions = found[8], versions.kind == .object else { throw Unusable(why: "has no versions") }
        self.key = key
        self.architecture = architecture
        self.names = names
        // A day, as 2030-06-30.
        let end = text(7).utf8.count == 10 ? VersionKey(text(7).replacing("-", with: ""))?.text : nil
        let part = ProductFacts(
            product: key, architecture: architecture, os: ImageOS(word: fields.os) ?? .linux, name: names.shown,
            aliases: names.all,
            description: fields.description, supportEnds: end == nil ? nil : text(7))
        var images: [(VersionKey, [StreamsImage])] = []
        try versions.forEachMember { (version, json) throws(Unusable) in
            guard images.count < Self.mostVersions else { throw Unusable(why: "has too many versions") }
            guard let key = VersionKey(version) else {
                return remarks.add("version \(version.prefix(100)) of \(subject)", "does not begin with a day")
            }
            let made = part.images(key, json, &remarks)
            if !made.isEmpty { images.append((key, made)) }
        }
        if images.isEmpty { return nil }
        self.images = images.sorted { $0.0 > $1.0 }.flatMap(\.1)
    }

    /// Servers keep three, or some dozens.
    private static let mostVersions = 10_000

    private static let keys: JSONKeys = [
        "arch", "aliases", "os", "version", "release", "release_title", "variant", "support_eol", "versions",
    ]
}

/// Why a product cannot be offered.
struct Unusable: Error {
    let why: String
}

/// What the images of a product have in common.
struct ProductFacts {
    let product: String
    let architecture: Architecture
    let os: ImageOS
    let name: String
    let aliases: [String]
    let description: String
    /// A day.
    let supportEnds: String?

    /// The root and the disk of a version, as far as it has them.
    func images(_ version: VersionKey, _ json: JSONSlice, _ remarks: inout Remarks) -> [StreamsImage] {
        var best: [ContentUUID.Kind: (form: StreamsForm, item: StreamsItem)] = [:]
        var metadata: (JSONSlice, StreamsItem)?
        json["items"]?.forEachMember { key, json in
            let found = json.members(Self.keys)
            // Hand-made lists call their items as what they are, and leave it at that.
            let fileType = found[0]?.stringValue ?? key
            let isMetadata = fileType == "incus.tar.xz" || fileType == "lxd.tar.xz"
            let form = StreamsForm(fileType: fileType)
            guard isMetadata || form != nil, found[4] == nil else { return }
            guard let item = StreamsItem(found[1], found[2], found[3]) else {
                return remarks.add(
                    "item \(key.prefix(100)) of version \(version.text) of product \(product)",
                    "lacks a path below the server's URL, a size or a SHA-256")
            }
            guard let form else {
                // Servers of both have both; they say the same.
                if metadata == nil || fileType == "incus.tar.xz" { metadata = (json, item) }
                return
            }
            let kind = form.kind(combinedType: found[5]?.stringValue)
            if best[kind].map({ form.rank < $0.form.rank }) ?? true { best[kind] = (form, item) }
        }
        return [ContentUUID.Kind.root, .disk].compactMap { kind in
            best[kind].flatMap { image(kind, $0.form, $0.item, version, metadata) }
        }
    }

    private static let keys: JSONKeys = ["ftype", "path", "size", "sha256", "delta_base", "combined_type"]

    private func image(
        _ kind: ContentUUID.Kind, _ form: StreamsForm, _ item: StreamsItem, _ version: VersionKey,
        _ metadata: (json: JSONSlice, item: StreamsItem)?
    ) -> StreamsImage? {
        guard let uuid = ContentUUID.derive(kind, files: [item.sha256]) else { return nil }  // never: it is a SHA-256
        let isSplit = form != .combined
        let hashes = metadata.map { $0.json.members(JSONKeys(form.combinedHashes)) } ?? []
        let fingerprint = isSplit ? hashes.lazy.compactMap { StreamsItem.sha256($0) }.first : item.sha256
        return StreamsImage(
            uuid: uuid, kind: kind, form: form, file: item, metadata: isSplit ? metadata?.item : nil,
            fingerprint: fingerprint, name: name, aliases: aliases, serial: version.text,
            publishedAt: version.publishedAt,
            architecture: architecture, os: os, product: product, description: description, supportEnds: supportEnds)
    }
}

extension StreamsItem {
    /// Nil unless path, size and SHA-256 are there, and are such.
    init?(_ path: JSONSlice?, _ size: JSONSlice?, _ sha256: JSONSlice?) {
        guard let path = path?.stringValue.flatMap({ ServerPath($0) }), let size = size?.intValue, size > 0,
            size < 1 << 50, let sha256 = Self.sha256(sha256)
        else { return nil }
        self.init(path: path, size: Int64(size), sha256: sha256)
    }

    static func sha256(_ json: JSONSlice?) -> ContentDigest? {
        json?.stringValue.flatMap { ContentDigest("sha256:\($0.lowercased())") }
    }
}
