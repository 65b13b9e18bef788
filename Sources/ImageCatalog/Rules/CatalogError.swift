public import ImageModel

/// Why what is to be put into a catalog, or changed in it, is refused (imgapi.md, sections 4, 5 and 10). Whoever asked says it in
/// his own way: a server over HTTP, a mirror to its operator.
public enum CatalogError: Error, Sendable, Equatable {
    /// Fields of a manifest break its rules.
    case invalid(String, [FieldFault])
    /// What was given along with a manifest, or in its place, cannot be.
    case unsuitable(String, [FieldFault])
    case notFound(String)
    /// There is an image of this UUID.
    case exists(ImageUUID)
    /// The origin that a manifest names is not in the catalog.
    case noOrigin(ImageUUID)
    /// Others build on the image: these, in the order of listings.
    case hasDependents(ImageUUID, [ImageUUID])
    case isActivated
    /// An image without a file cannot be activated.
    case hasNoFile
    /// The file of an image that was activated cannot change.
    case filesImmutable(ImageUUID)
    /// What came is not the file that was announced.
    case notAsAnnounced(ImagePart, String)
    /// More came, or was announced, than this many bytes.
    case tooLarge(Int64)

    /// A sentence for who asked.
    public var message: String {
        switch self {
        case .invalid(let message, _), .unsuitable(let message, _), .notFound(let message),
            .notAsAnnounced(_, let message):
            message
        case .exists(let uuid): "image UUID \(uuid) already exists"
        case .noOrigin(let origin): "origin image \(origin) does not exist"
        case .hasDependents(let uuid, let dependents):
            "image \(uuid) has dependent images: \(CatalogError.list(dependents))"
        case .isActivated: "image is already activated"
        case .hasNoFile: "image must have a file to be activated"
        case .filesImmutable(let uuid): "image \(uuid) is activated, so that its file cannot change"
        case .tooLarge(let most): "the file is larger than \(most) bytes"
        }
    }

    /// What is wrong with each field.
    public var details: [FieldFault] {
        switch self {
        case .invalid(_, let details), .unsuitable(_, let details): details
        default: []
        }
    }

    private static func list(_ images: [ImageUUID]) -> String {
        guard images.count >= 10 else { return images.map(\.description).joined(separator: ", ") }
        return images.prefix(5).map(\.description).joined(separator: ", ") + ", … (\(images.count) in all)"
    }
}

/// What is wrong with one field of a manifest, or one parameter of a request (imgapi.md, section 9).
public struct FieldFault: Sendable, Equatable {
    public let field: String
    /// `Invalid`, `MissingParameter`, `NotAllowed`.
    public let code: String
    public let message: String?

    public init(field: String, code: String = "Invalid", message: String? = nil) {
        self.field = field
        self.code = code
        self.message = message
    }
}
