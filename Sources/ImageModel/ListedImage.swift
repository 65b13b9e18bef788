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

    /// The elements of a JSON array of manifests.
    ///
    /// - Throws: `SourceError` if it is not one.
    public static func read(_ body: [UInt8], from source: String) throws -> [ListedImage] {
        let document: JSONDocument
        do {
            document = try JSONDocument(body)
        } catch {
            throw Failure(.sourceError, "\(source) answered with something that is not a list of images", cause: error)
        }
        guard let elements = document.root.arrayValue else {
            throw Failure(.sourceError, "\(source) answered with something that is not a list of images")
        }
        return elements.compactMap { element in
            element["uuid"]?.stringValue.flatMap { ImageUUID($0) }.map { ListedImage(uuid: $0, manifest: element) }
        }
    }
}
