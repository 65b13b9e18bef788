import ImageModel
import ImageStore

/// Docker images as people see them: one row an image, under what docker calls it.
enum DockerRows {
    /// The rows without the layers of docker images that are in them. A layer that is shown without its image stays.
    ///
    /// - Parameter images: all of those pools, in which the chains are followed.
    static func heads(
        of rows: [ImageRow<InstalledImage>], among images: [InstalledImage]
    ) -> [ImageRow<InstalledImage>] {
        let layers = layers(below: rows.map(\.image), among: images)
        return rows.filter { !layers.contains($0.image.id) }
    }

    /// The same of images.
    static func heads(among images: [InstalledImage]) -> [InstalledImage] {
        let layers = layers(below: images, among: images)
        return images.filter { !layers.contains($0.id) }
    }

    private static func layers(
        below heads: [InstalledImage], among images: [InstalledImage]
    ) -> Set<InstalledImage.ID> {
        let known = Dictionary(images.map { ($0.id, $0) }) { one, _ in one }
        var below: Set<InstalledImage.ID> = []
        for image in heads where image.manifest.imageType == .docker {
            var next = image
            while let uuid = next.below, let layer = known[InstalledImage.ID(uuid: uuid, pool: next.pool)],
                below.insert(layer.id).inserted
            { next = layer }
        }
        return below.filter { known[$0]?.isBareLayer ?? false }
    }

    /// What docker calls an image; nil if it has no such name.
    static func name(of image: InstalledImage) -> String? {
        let references = image.references
        return references.isEmpty ? nil : references.joined(separator: ",")
    }
}
