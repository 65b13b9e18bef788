import ImageModel
import ImageStore
import JSON

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

    /// The same images, those that are one row with their layers with what all of that takes: a layer that others are built on
    /// as well would not come free with it.
    static func summed(_ images: [InstalledImage]) -> [InstalledImage] {
        let known = Dictionary(images.map { ($0.id, $0) }) { one, _ in one }
        var chains: [InstalledImage.ID: [InstalledImage]] = [:]
        var users: [InstalledImage.ID: Int] = [:]
        for image in images where !image.references.isEmpty {
            chains[image.id] = chain(below: image, among: known)
            for layer in chains[image.id] ?? [] { users[layer.id, default: 0] += 1 }
        }
        return images.map { image in
            guard var space = image.space, let chain = chains[image.id] else { return image }
            var isAlone = true
            for layer in chain {
                // Below one that others need, all is needed.
                isAlone = isAlone && users[layer.id] == 1 && layer.isBareLayer
                guard layer.isBareLayer, let own = layer.space else { continue }
                space.used = sum(space.used, own.used)
                if isAlone { space.unique = sum(space.unique, own.unique) }
            }
            var image = image
            image.space = space
            return image
        }
    }

    private static func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let (sum, isOver) = one.addingReportingOverflow(other)
        return isOver ? .max : sum
    }

    private static func chain(
        below image: InstalledImage, among known: [InstalledImage.ID: InstalledImage]
    ) -> [InstalledImage] {
        var chain: [InstalledImage] = []
        var seen: Set = [image.id]
        var next = image
        while let uuid = next.below, let layer = known[InstalledImage.ID(uuid: uuid, pool: next.pool)],
            seen.insert(layer.id).inserted
        {
            chain.append(layer)
            next = layer
        }
        return chain
    }

    /// What docker calls an image; of one whose tag has moved to another, and of which no digest is known, its repository. Nil for what
    /// has no such name.
    static func name(of image: InstalledImage, isHead: Bool = false) -> String? {
        let references = image.references
        guard references.isEmpty else { return references.joined(separator: ",") }
        guard isHead, image.manifest.imageType == .docker else { return nil }
        return image.manifest.tags["docker:repo"]?.stringValue.map { "\($0):<none>" }
    }
}
