import Failure
import ImageModel

/// All images of a repository at one moment.
public struct Catalog: Sendable {
    /// In the order of listings.
    let images: [ServedImage]
    /// Nil where the server has none.
    let channels: ChannelList?
    private let byUUID: [ImageUUID: ServedImage]

    /// Why what is known to be stored cannot be read at present.
    private let unreadable: [ImageUUID: Failure]

    init(_ images: [ServedImage], channels: ChannelList?, unreadable: [ImageUUID: Failure] = [:]) {
        self.images = images.sorted { $0.place < $1.place }
        self.channels = channels
        self.unreadable = unreadable
        byUUID = Dictionary(images.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Nil if there is none that can be served.
    ///
    /// - Throws: why it cannot be read, if it is stored.
    func image(_ uuid: ImageUUID) throws(Failure) -> ServedImage? {
        if let image = byUUID[uuid] { return image }
        if let trouble = unreadable[uuid] { throw trouble }
        return nil
    }
}
