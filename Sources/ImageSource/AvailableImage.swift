public import Compression
public import Failure
public import ImageModel
public import SystemPackage
public import Transport

/// An image that can be had, and all that is known of its file before a byte of it is read. However different sources are, this
/// is what each of them makes of what was asked for; what comes after knows of no source.
public struct AvailableImage: Sendable {
    public let manifest: Manifest
    /// How lines of progress name it: `UUID (NAME@VERSION)`, as far as that is known.
    public let title: String
    /// The same without the UUID: `NAME@VERSION`, as far as that is known.
    public private(set) var shortTitle: String
    /// Which layer it is of the image that was asked for, where it is one.
    public internal(set) var layer: LayerPlace?
    /// What docker calls it, where it is such an image and no layer below.
    public internal(set) var reference: String?
    /// The URL of its source, for the record; nil for an image of this host's files.
    public let source: String?
    public let place: ImageFilePlace
    /// What the file must turn out to be.
    public private(set) var check: ImageFileCheck
    public let content: ImageContent
    /// How the file is compressed; nil to find out from its first bytes.
    public private(set) var compression: CompressionFormat?
    /// What is known of an image that came without a manifest: its manifest is provisional, and made anew of this once all of
    /// the content has been seen. Where the UUID was not known either, it is the URL's (``ContentUUID/provisional(_:)``).
    public private(set) var draft: ImageDraft?
    /// What stands for its UUID until all of its file has been seen, since that follows from the file.
    public private(set) var hasProvisionalUUID = false
    /// What tells whether the file of such an image is still the same where it was fetched.
    public private(set) var fetched: FetchedURL?
    /// What messages call its file, where its place is no name for it.
    private var called: String?
    /// The server's `Content-MD5` stands in for the checksum that the manifest lacks (cli.md §3, import 7).
    public private(set) var trustsMD5: Bool

    public var uuid: ImageUUID { manifest.uuid }

    /// - Parameters:
    ///   - title: how lines of progress name it; nil for the usual way.
    ///   - source: the URL for the record.
    ///   - compression: nil to find out from the first bytes.
    public init(
        _ manifest: Manifest, title: String? = nil, source: String?, at place: ImageFilePlace, check: ImageFileCheck,
        content: ImageContent, compression: CompressionFormat?
    ) {
        self.manifest = manifest
        self.title = title ?? manifest.progressTitle
        shortTitle = manifest.title
        self.source = source
        self.place = place
        self.check = check
        self.content = content
        self.compression = compression
        trustsMD5 = false
    }

    /// An image of a source that states in the manifest what the file must be.
    ///
    /// - Throws: `InvalidManifest` if the manifest names no file, or a compression that nobody knows.
    public init(
        _ manifest: Manifest, of source: SourceDescriptor, by request: HTTPRequest, _ transport: Transport
    ) throws {
        guard !manifest.files.isEmpty else {
            throw Failure(.invalidManifest, "the manifest of image \(manifest.uuid) names no file")
        }
        self.init(
            manifest, source: source.url.base, at: .server(request, transport), check: ImageFileCheck(of: manifest),
            content: ImageContent(of: manifest), compression: try CompressionFormat(of: manifest))
        trustsMD5 = !check.isStrong
    }

    /// An image whose manifest follows from its file.
    ///
    /// - Parameters:
    ///   - uuid: nil where it is not known before all of the file has been seen.
    ///   - source: the URL for the record, where it is not that of the file.
    ///   - called: how messages call the file, where its place is no name for it.
    ///   - check: what the file must turn out to be.
    /// - Throws: `ManifestValidation`.
    public init(
        _ draft: ImageDraft, _ uuid: ImageUUID?, at place: ImageFilePlace, source: String? = nil,
        called: String? = nil, check: ImageFileCheck, content: ImageContent, fetched: FetchedURL? = nil
    ) throws(Failure) {
        guard let known = uuid ?? ContentUUID.provisional(place.description) else {
            throw Failure(.internalError, "no UUID follows from \"\(place.description)\"")
        }
        let provisional = try draft.provisionalManifest(known)
        let name = draft.hasProvisionalVersion ? provisional.name ?? provisional.title : provisional.title
        self.init(
            provisional, title: uuid.map { "\($0) (\(name))" } ?? name, source: source ?? fetched?.url, at: place,
            check: check,
            content: content, compression: nil)
        self.draft = draft
        shortTitle = name
        hasProvisionalUUID = uuid == nil
        self.fetched = fetched
        self.called = called
    }

    /// How messages call the file of an image that came without a manifest.
    public var fileName: String? { draft == nil ? nil : "\"\(called ?? place.description)\"" }

    /// The source sends the inflated content: size, checksum and compression of the manifest do not apply.
    public mutating func expectRawStream() {
        check = .none
        compression = CompressionFormat.none
        trustsMD5 = false
    }

    /// Its file is on this host.
    public var isHere: Bool {
        switch place {
        case .path: true
        case .server, .containerDisk: false
        }
    }

    /// Its file has to be on this host before it is installed: it is read a second time if it must be.
    public var needsWholeFile: Bool { !isHere && content.mayBeReadAgain && manifest.origin != nil }
}

/// A layer's place among those of an image, from the base up.
public struct LayerPlace: Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    let number: Int
    let count: Int

    /// `layer 2 of 5`
    public var description: String { "layer \(number) of \(count)" }
}

/// Where the file of an image is.
public enum ImageFilePlace: Sendable, CustomStringConvertible {
    /// A server has it. The transport is that which shows what the server wants to see.
    case server(HTTPRequest, Transport)
    /// It is a file in the layers of an image that a registry has, from the base up.
    case containerDisk([(request: HTTPRequest, check: ImageFileCheck)], Transport)
    /// It lies on this host.
    case path(FilePath)

    /// A URL, or a path.
    public var description: String {
        switch self {
        case .server(let request, _): request.url
        case .containerDisk(let layers, _): layers.last?.request.url ?? ""
        case .path(let path): path.string
        }
    }
}

extension Manifest {
    /// How lines of progress name an image: `UUID (NAME@VERSION)`.
    public var progressTitle: String { "\(uuid) (\(title))" }
}
