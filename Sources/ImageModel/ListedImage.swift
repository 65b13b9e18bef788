import Failure
public import JSON

/// An image in a server's list: its UUID, and its manifest as bytes that are read on demand.
public struct ListedImage: Sendable {
    public let uuid: ImageUUID
    public let manifest: JSONSlice

    public init(uuid: ImageUUID, manifest: JSONSlice) {
        self.uuid = uuid
        self.manifest = manifest
    }

    /// What it is called: its name, and what a server of simplestreams calls it beside that.
    public var names: [String] {
        (name.map { [$0] } ?? []) + StreamsAliases(list: Self.aliases.find(in: manifest)?.value.stringValue).names
    }

    public var name: String? { Self.name.find(in: manifest)?.value.stringValue }

    public var version: String? { Self.version.find(in: manifest)?.value.stringValue }

    // Parsed once: a list has thousands of images.
    private static let name: FieldPath = "name"
    private static let version: FieldPath = "version"
    private static let aliases = FieldPath("tags.\(StreamsAliases.tag)")

    /// The elements of a JSON array of manifests, without those that are none.
    ///
    /// - Throws: `SourceError` if it is not one.
    public static func read(_ body: [UInt8], from source: String) throws -> [ListedImage] {
        try ListedImages(body, from: source).images
    }
}

/// What stands in a server's list, or in a page of it.
public struct ListedImages: Sendable {
    public let images: [ListedImage]
    /// How many entries have no valid UUID.
    public let damaged: Int

    public var count: Int { images.count + damaged }

    /// - Parameter hide: takes out of a text what is not to be shown; nil if there is no such thing.
    /// - Throws: `SourceError` if it is not a JSON array.
    public init(_ body: [UInt8], from source: String, hiding hide: ((String) -> String)? = nil) throws {
        let document: JSONDocument
        do {
            document = try JSONDocument(body)
        } catch {
            throw Failure(.sourceError, "\(source) answered with something that is not a list of images", cause: error)
        }
        guard let elements = document.root.arrayValue else {
            throw Failure(.sourceError, "\(source) answered with something that is not a list of images")
        }
        images = try elements.compactMap { element in
            let element = try hide.map { try ListedImages.element(element, hiding: $0) } ?? element
            return element["uuid"]?.stringValue.flatMap { ImageUUID($0) }.map {
                ListedImage(uuid: $0, manifest: element)
            }
        }
        damaged = elements.count - images.count
    }

    /// Most have nothing to hide, and stay as they came.
    private static func element(_ element: JSONSlice, hiding hide: (String) -> String) throws -> JSONSlice {
        let came = element.value
        let shown = came.mappingTexts(hide)
        return shown == came ? element : try JSONDocument(Array(shown.text().utf8)).root
    }
}
