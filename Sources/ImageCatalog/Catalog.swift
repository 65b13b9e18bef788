import Failure
public import ImageModel
public import JSON
import NIOPosix

/// All images of a repository at one moment.
public struct Catalog: Sendable {
    /// In the order of listings.
    public let images: [ServedImage]
    /// Nil where the server has none.
    public let channels: ChannelList?
    private let byUUID: [ImageUUID: ServedImage]

    /// Why what is known to be stored cannot be read at present.
    private let unreadable: [ImageUUID: any CodedError]

    /// The manifests of what is stored, and not served since it does not suit this server.
    public let unserved: [ImageUUID: JSONObject]

    init(
        _ images: [ServedImage], channels: ChannelList?, unreadable: [ImageUUID: any CodedError] = [:],
        unserved: [ImageUUID: JSONObject] = [:]
    ) {
        self.unserved = unserved
        self.images = images.sorted { $0.place < $1.place }
        self.channels = channels
        self.unreadable = unreadable
        byUUID = Dictionary(images.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Nil if there is none that can be served.
    ///
    /// - Throws: why it cannot be read, if it is stored.
    public func image(_ uuid: ImageUUID) throws -> ServedImage? {
        if let image = byUUID[uuid] { return image }
        if let trouble = unreadable[uuid] { throw trouble }
        return nil
    }

    /// What is known to be stored and cannot be read at present; `image` throws why.
    public var unreadableImages: Set<ImageUUID> { Set(unreadable.keys) }

    /// - Parameter manifest: of an image that is to come in.
    /// - Throws: `CatalogError.noOrigin`; why the origin cannot be read.
    public func checkOrigin(of manifest: JSONObject) throws {
        guard let origin = manifest["origin"]?.stringValue.flatMap({ ImageUUID($0) }), try image(origin) == nil else {
            return
        }
        throw CatalogError.noOrigin(origin)
    }

    /// - Parameter counts: which of the others are looked at.
    /// - Throws: `hasDependents` if one of these builds on the image.
    public func checkDependents(
        of uuid: ImageUUID, among counts: (ServedImage) -> Bool
    ) throws(CatalogError) {
        let dependents = images.filter { $0.origin == uuid.description && counts($0) }.map(\.uuid)
        guard dependents.isEmpty else { throw .hasDependents(uuid, dependents) }
    }
}

extension FolderRepository {
    /// The images whose manifests are in the folder, and that the catalog does not tell of, be it that they cannot be read or are half written.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied` if the folder cannot be read.
    public func images(notIn catalog: Catalog) async throws -> Set<ImageUUID> {
        let names = try await BlockingIO.reading.runIfActive { [folder] in try folder.names() }
        let told = Set(catalog.images.map(\.uuid)).union(catalog.unserved.keys)
        return Set(names.compactMap { ImageFolder.image(manifest: $0) }).subtracting(told)
    }
}
