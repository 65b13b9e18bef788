import ImageModel

/// All images of a repository at one moment.
public struct Catalog: Sendable {
    /// In the order of listings.
    let images: [ServedImage]
    /// Nil where the server has none.
    let channels: ChannelList?
    private let byUUID: [ImageUUID: ServedImage]

    init(_ images: [ServedImage], channels: ChannelList?) {
        self.images = images.sorted { $0.place < $1.place }
        self.channels = channels
        byUUID = Dictionary(images.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(uuid: ImageUUID) -> ServedImage? { byUUID[uuid] }
}
