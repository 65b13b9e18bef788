import Failure
import Host
public import ImageModel
import ImageSource
import ImageStore
import JSON
import Logging
import Transport
import ZFS

/// Brings what is known of installed images up to date (cli.md §3, update).
extension ImageTool {
    /// How many images are asked for at a time, each at all sources.
    private static let updatesAtATime = 8

    /// Compares the manifests of images with those of the sources, and makes sure of their `@final`.
    ///
    /// - Parameters:
    ///   - uuids: the images; all that are installed if empty.
    ///   - dryRun: says what would be done and changes nothing.
    /// - Throws: `Usage` for an image that is not installed; after all that could be done, what went wrong.
    public func update(_ uuids: [ImageUUID], dryRun: Bool, _ report: Report) async throws {
        let installed = try await store.images()
        for uuid in uuids where !installed.contains(where: { $0.uuid == uuid }) {
            throw Failure(
                .usage, "image \(uuid) is not installed",
                hint: ImageTool.hint(for: uuid.description, in: nil, among: installed) ?? "imgadm list shows what is")
        }
        if !dryRun { try store.sweepLocks() }
        let images = installed.filter { uuids.isEmpty || uuids.contains($0.uuid) }
        guard !images.isEmpty else { return }
        let sources = try configuredSources()
        var failures: [Failure] = []
        var unanswered: [Unanswered] = []
        var unknown: [InstalledImage] = []
        for start in stride(from: 0, to: images.count, by: ImageTool.updatesAtATime) {
            let group = Array(images[start..<min(start + ImageTool.updatesAtATime, images.count)])
            for (image, found) in zip(group, try await lookUp(group, in: sources)) {
                for answer in found.unanswered where !unanswered.contains(where: answer.repeats) {
                    unanswered.append(answer)
                    failures.append(answer.failure)
                }
                do {
                    let isSeveral = installed.contains { $0.uuid == image.uuid && $0.pool != image.pool }
                    let title = isSeveral ? "\(image.uuid) on zpool \"\(image.pool)\"" : image.uuid.description
                    if try await !update(image, called: title, found, dryRun, report) { unknown.append(image) }
                } catch let error as any CodedError {
                    failures.append(error.failure)
                }
            }
        }
        if let words = ImageTool.unknown(unknown) { report.warning(words) }
        if let failure = Failure.combining(failures) { throw failure }
    }

    /// One line, however many there are: a host may have many images of files, and nothing is wrong with them.
    private static func unknown(_ images: [InstalledImage]) -> String? {
        var uuids: Set<ImageUUID> = []
        let images = images.filter { uuids.insert($0.uuid).inserted }
        guard let first = images.first else { return nil }
        guard images.count > 1 else { return "image \(first.progressTitle) is not known to any image source" }
        let more = images.count > mostNamed ? ", and \(images.count - mostNamed) more" : ""
        return
            "\(images.count) images are not known to any image source: \(images.prefix(mostNamed).map(\.progressTitle).joined(separator: ", "))\(more)"
    }

    private static let mostNamed = 10

    private func lookUp(_ images: [InstalledImage], in sources: [any ImageSource]) async throws -> [LookUp] {
        try await withThrowingTaskGroup(of: (Int, LookUp).self) { group in
            for (place, image) in images.enumerated() {
                group.addTask { (place, try await self.lookUp(image.uuid, in: sources) { _ in true }) }
            }
            var found: [(Int, LookUp)] = []
            for try await answer in group { found.append(answer) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// - Parameter title: how sentences call it, also where several pools have it.
    /// - Returns: false for an image that no source knows.
    private func update(
        _ image: InstalledImage, called title: String, _ found: LookUp, _ dryRun: Bool, _ report: Report
    ) async throws -> Bool {
        guard let (stated, source) = found.match else {
            // The layers of docker images have no source that could be asked for a UUID. And one that could not be asked may
            // know it.
            guard image.manifest.imageType != .docker, found.failures.isEmpty else { return true }
            report.did(ImageResult(.unknown, image))
            return false
        }
        let lock = try await store.recordLock(image.uuid, in: image.pool) { report.waiting(for: image.uuid, $0) }
        defer { lock.release() }
        // It may have gone, or been updated, meanwhile.
        guard let image = try await store.image(image.uuid, in: image.pool) else { return true }
        let url = source.descriptor.url.base
        let theirs = source.manifest(stated, keepingContentOf: image.manifest)
        let manifest = image.keepingGUID(image.keepingGiven(theirs))
        if let violation = ImageTool.contradiction(manifest, of: image, and: theirs) {
            try await updateFinal(image, called: title, theirs, dryRun, report)
            throw Failure(
                .manifestValidation,
                "image \(image.progressTitle) keeps its manifest: that of \"\(url)\" does not go with what was given for it: \(violation)",
                hint:
                    "imgadm delete -P \(image.pool) \(image.uuid), and an import with other fields; or have the source's manifest changed"
            )
        }
        let changes = ManifestChanges(from: image.manifest, to: manifest)
        let isOther = !image.isKnown || !changes.fields.isEmpty
        if !image.isKnown { try await checkIsImage(image, called: title, theirs, dryRun, report) }
        if isOther, !dryRun { try await store.replaceManifest(of: image, with: manifest, source: url) }
        var result = ImageResult(
            !isOther ? .unchanged : image.isKnown ? .updated(fields: changes.fields) : .described, manifest,
            title: title, in: image.pool)
        result.source = url
        result.isPlanned = dryRun
        if image.isKnown, image.manifest.title != manifest.title { result.former = image.manifest }
        report.did(result)
        try await updateFinal(image, called: title, theirs, dryRun, report)
        return true
    }

    /// What may be somebody's data gets no record, by which it would be deleted like an image.
    ///
    /// - Throws: `NotAnImage`; `ImageMissingOriginalSnapshot`.
    private func checkIsImage(
        _ image: InstalledImage, called title: String, _ theirs: Manifest, _ dryRun: Bool, _ report: Report
    ) async throws {
        let doubt = try await dryRun ? store.doubt(about: image) : store.certainDoubt(about: image)
        guard let doubt else { return }
        let name = "\(image.pool)/\(image.uuid)"
        if image.foundGUID == nil {
            switch try await store.final(of: image, guid: theirs.files.first?.datasetGUID) {
            case .renaming: return
            case .missing: return try await updateFinal(image, called: title, theirs, dryRun, report)
            case .present, .unknown: break
            }
        }
        throw Failure(
            .notAnImage, "dataset \"\(name)\" may be somebody's data, and no image: \(doubt)",
            hint: image.foundGUID == nil
                ? "imgadm delete -f \(image.uuid) destroys it"
                : "zfs rollback \(name)@final takes back what was written; imgadm delete -f \(image.uuid) destroys it")
    }

    /// What is wrong with a manifest that came of a source's and of the fields that were given, and neither with that of the source nor
    /// with the one that is known here; nil if nothing is.
    private static func contradiction(_ merged: Manifest, of image: InstalledImage, and theirs: Manifest) -> String? {
        guard !image.given.isEmpty, merged.json != image.manifest.json else { return nil }
        let known = Set(ManifestValidation.validate(theirs.json) + ManifestValidation.validate(image.manifest.json))
        let violations = ManifestValidation.validate(merged.json).filter { !known.contains($0) }
        return violations.isEmpty ? nil : violations.map(\.description).joined(separator: ", ")
    }

    /// - Parameter theirs: the source's manifest.
    private func updateFinal(
        _ image: InstalledImage, called title: String, _ theirs: Manifest, _ dryRun: Bool, _ report: Report
    ) async throws {
        let guid = theirs.files.first?.datasetGUID
        let original = image.made == nil ? guid : image.finalGUID
        switch try await store.final(of: image, guid: original) {
        case .present:
            // A root file system that each host unpacks for itself has another snapshot on each.
            if let remark = ImageTool.otherSnapshot("the source has", image.progressTitle, theirs, image.foundGUID) {
                report.warning(remark)
            }
        case .renaming(let snapshot):
            guard let final = snapshot.dataset.snapshot("final") else { break }
            if !dryRun { try await store.makeFinal(snapshot) }
            var result = ImageResult(.snapshotRenamed(from: snapshot, to: final), image, title: title)
            result.isPlanned = dryRun
            report.did(result)
        case .missing:
            throw Failure(
                .imageMissingOriginalSnapshot,
                "image \(title) has no snapshot @final, and none with the guid \(original ?? "") that it should have")
        case .unknown:
            report.warning(
                "image \(title) has no snapshot @final, and its manifest does not say which one that should be")
        }
    }
}

/// In which fields two manifests differ; of `requirements`, in which members.
struct ManifestChanges {
    let fields: [String]

    init(from old: Manifest, to new: Manifest) {
        fields =
            ManifestChanges.differences(old.json, new.json).flatMap { field in
                guard field == "requirements" else { return [field] }
                let members = ManifestChanges.differences(old.requirements, new.requirements)
                return members.isEmpty ? [field] : members.map { "requirements.\($0)" }
            }
    }

    private static func differences(_ old: JSONObject, _ new: JSONObject) -> [String] {
        let keys = new.map(\.key) + old.map(\.key).filter { new[$0] == nil }
        return keys.filter { old[$0] != new[$0] }
    }
}
