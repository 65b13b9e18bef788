import Failure
import IMGAPI
import ImageCatalog
import ImageModel
import JSON
import Synchronization

extension ImageMirror {
    /// What became of the images that are no longer wanted.
    struct Pruning {
        var count = 0
        /// Why some, or all, of them stay for now.
        var reasons: [Failure] = []
    }

    /// Removes images that came from this source, and that it has withdrawn or newer ones have taken the place of; never one that came otherwise, and
    /// none that another image builds on, also one that this server does not serve. Each goes by what is known for sure: while an image here cannot be read, it may build on any; while the
    /// source's list cannot be read, it may have any; and what has not come takes nobody's place.
    ///
    /// - Parameter coming: in a dry run, what would have come by now.
    /// - Throws: `SourceError` for a source that lists nothing, which is more likely a mistake than meant; `InvalidManifest` where an image here cannot
    ///   be read; what the storage says.
    func prune(
        besides choice: MirrorChoice, of list: IMGAPIClient.Listing, coming: [Manifest], dryRun: Bool
    ) async throws -> Pruning {
        guard !choice.listed.isEmpty else {
            throw Failure(
                .sourceError, "\(source.base) lists no images: nothing was pruned",
                hint: "imgadm avail, with that source, shows what it lists")
        }
        let catalog = try await repository.catalog(.now)
        try await checkReadable(catalog)
        var there = catalog.images
        var pruning = Pruning()
        var unwanted: [ServedImage] = []
        for image in there where image.publisher == mark && choice.superseded.contains(image.uuid) {
            if try await isSuperseded(image, by: there, coming, choice) { unwanted.append(image) }
        }
        let unlisted = there.filter { $0.publisher == mark && !choice.listed.contains($0.uuid) }
        if let gap = list.gap, !unlisted.isEmpty {
            pruning.reasons.append(
                Failure(
                    .sourceError,
                    "\(unlisted.count) images that \(source.base) no longer seems to list were not pruned: its list cannot be read as a whole",
                    cause: gap))
        } else {
            unwanted += unlisted
        }
        let originsOfOthers = Set(catalog.unserved.values.compactMap { $0["origin"]?.stringValue })
        while let place = unwanted.firstIndex(where: { image in
            !originsOfOthers.contains(image.uuid.description)
                && !there.contains { $0.origin == image.uuid.description }
        }) {
            let image = unwanted.remove(at: place)
            // What is left there holds what it builds on.
            if !dryRun, try await !remove(image.uuid) { continue }
            there.removeAll { $0.uuid == image.uuid }
            pruning.count += 1
            tell(
                "\(dryRun ? "[dry-run] " : "")Pruned image \(image.uuid) (\(image.name ?? "?")@\(image.version ?? "?"))"
            )
        }
        return pruning
    }

    /// - Returns: false if it is none of this source's any more: somebody else has put another in its place.
    private func remove(_ uuid: ImageUUID) async throws -> Bool {
        let isOurs = Mutex(false)
        try await repository.change(uuid) { [mark] stored in
            guard let stored, stored[ServedForm.publisherKey]?.stringValue == mark else { return stored }
            isOurs.withLock { $0 = true }
            return nil
        }
        return isOurs.withLock { $0 }
    }

    /// - Throws: `InvalidManifest` if there is an image that the catalog does not tell of: what it builds on is not known then. Of one that is not
    ///   served it is.
    private func checkReadable(_ catalog: Catalog) async throws {
        var unread = catalog.unreadableImages
        if let folder = repository as? FolderRepository { unread.formUnion(try await folder.images(notIn: catalog)) }
        guard let first = unread.min() else { return }
        var cause: (any Error)?
        do { _ = try catalog.image(first) } catch { cause = error }
        let others = unread.count > 1 ? ", and those of \(unread.count - 1) others," : ""
        throw Failure(
            .invalidManifest,
            "nothing was pruned: the manifest of image \(first) here\(others) cannot be read, so that what it builds on is not known",
            cause: cause, hint: "mend or remove it; the log says what is wrong with it")
    }

    /// Whether as many newer images of its name as are wanted have come from this source, and are whole and active.
    private func isSuperseded(
        _ image: ServedImage, by there: [ServedImage], _ coming: [Manifest], _ choice: MirrorChoice
    ) async throws -> Bool {
        guard let keeps = choice.keeps, let name = image.name else { return false }
        // The order of these was looked at by the list.
        var newer = coming.filter {
            $0.json["name"]?.stringValue == name && choice.newest.contains($0.uuid) && $0.isActive
        }.count
        for other in there where newer < keeps {
            guard other.publisher == mark, other.name == name, other.imageState == .active, other.place > image.place,
                choice.newest.contains(other.uuid), try await isWhole(other)
            else { continue }
            newer += 1
        }
        return newer >= keeps
    }

    /// Whether its file is there, as long as its manifest says.
    private func isWhole(_ image: ServedImage) async throws -> Bool {
        guard let size = image.files.first?.size, let file = try await repository.open(.file, of: image) else {
            return false
        }
        return file.size == size
    }
}
