public import ImageModel
public import ImageStore
public import ZFS

extension ImageTool {
    /// An image, its origin, and so on to the base.
    ///
    /// - Throws: `ImageNotInstalled` for the first that is missing.
    public func ancestry(of uuid: ImageUUID, in pool: PoolName) async throws -> [InstalledImage] {
        var images: [InstalledImage] = []
        var next: ImageUUID? = uuid
        while let uuid = next {
            guard !images.contains(where: { $0.uuid == uuid }), let image = try await store.image(uuid, in: pool) else {
                throw ImageNotInstalled(uuid, pool)
            }
            images.append(image)
            next = image.below
        }
        return images
    }
}
