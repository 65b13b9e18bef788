import ImageCatalog
import ImageModel

/// An image, what it builds on, and what builds on it, as far as one sees it.
struct ImageChain {
    /// From the image down to its base.
    let images: [ServedImage]
    /// Of the files of the chain, in bytes.
    let size: Int64
    /// The origin that is not there.
    let missing: String?
    /// Active images that build on it, the newest first.
    let dependents: [ServedImage]

    var isWhole: Bool { missing == nil }

    /// - Parameter isSeen: whether others may be shown.
    init(of image: ServedImage, in catalog: Catalog, where isSeen: (ServedImage) -> Bool) {
        var images = [image]
        var seen: Set<ImageUUID> = [image.uuid]
        var missing: String?
        while let origin = images.last?.origin {
            // What cannot be read is as good as not there, and shown so.
            guard let uuid = ImageUUID(origin), let next = try? catalog.image(uuid), isSeen(next),
                seen.insert(uuid).inserted
            else {
                missing = origin
                break
            }
            images.append(next)
        }
        self.images = images
        self.missing = missing
        size = images.reduce(0) { sum, image in
            let (total, overflow) = sum.addingReportingOverflow(image.fileSize ?? 0)
            return overflow ? .max : total
        }
        let name = image.uuid.description
        dependents = catalog.images.filter { $0.origin == name && $0.imageState == .active && isSeen($0) }.reversed()
    }
}
