import Failure
import IMGAPI
import ImageCatalog
import ImageModel

extension ImageMirror {
    /// Removes images that came from this source, and that it has withdrawn or newer ones have taken the place of; never one that came otherwise, and
    /// none that another image builds on.
    ///
    /// - Returns: how many.
    /// - Throws: `SourceError` for a source that lists nothing, which is more likely a mistake than meant.
    func prune(besides choice: MirrorChoice, dryRun: Bool) async throws -> Int {
        guard !choice.listed.isEmpty else {
            throw Failure(
                .sourceError, "\(source.base) lists no images: nothing was pruned",
                hint: "imgadm avail, with that source, shows what it lists")
        }
        var there = try await repository.catalog(.now).images
        var unwanted = there.filter { image in
            image.publisher == mark && (!choice.listed.contains(image.uuid) || choice.superseded.contains(image.uuid))
        }
        var count = 0
        while let place = unwanted.firstIndex(where: { image in
            !there.contains { $0.origin == image.uuid.description }
        }) {
            let image = unwanted.remove(at: place)
            there.removeAll { $0.uuid == image.uuid }
            if !dryRun { try await repository.change(image.uuid) { _ in nil } }
            count += 1
            tell(
                "\(dryRun ? "[dry-run] " : "")Pruned image \(image.uuid) (\(image.name ?? "?")@\(image.version ?? "?"))"
            )
        }
        return count
    }
}
