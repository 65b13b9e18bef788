import Failure
public import ImageModel
public import ImageStore
public import ZFS

extension ImageTool {
    /// An image, its origin, and so on to the base.
    ///
    /// - Throws: `ImageNotInstalled` for the first that is missing; `InvalidManifest` where the records have origins in a circle.
    public func ancestry(of uuid: ImageUUID, in pool: PoolName) async throws -> [InstalledImage] {
        var images: [InstalledImage] = []
        var next: ImageUUID? = uuid
        while let uuid = next {
            guard !images.contains(where: { $0.uuid == uuid }) else {
                throw Failure(
                    .invalidManifest,
                    "the images on zpool \"\(pool)\" name each other as their origins: \(images.map(\.uuid.description).joined(separator: ", "))",
                    hint: "imgadm update reads their manifests from the sources again; imgadm list --tree shows them")
            }
            guard let image = try await store.image(uuid, in: pool) else { throw ImageNotInstalled(uuid, pool) }
            images.append(image)
            next = image.below
        }
        return images
    }
}
