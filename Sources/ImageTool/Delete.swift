import Failure
import Host
import ImageModel
import ImageStore
public import ZFS

extension ImageTool {
    /// Deletes an image (cli.md §3, delete). What a run that was killed has begun is finished.
    ///
    /// - Throws: `ImageNotInstalled`, `ImageHasDependentClones`, `ImageHasChildDatasets` and what ZFS says.
    private func delete(_ uuid: ImageUUID, in pool: PoolName, force: Bool, _ report: Report) async throws {
        // Nothing to delete and nothing left: no need to make a lock file for it.
        let look = try await store.look(for: [uuid], in: pool)
        if try await !store.isPresent(uuid, in: look) {
            try await sweep(uuid, in: pool)
            throw ImageNotInstalled(uuid, pool)
        }
        let image = look.images[uuid]
        guard try await remove(uuid, in: pool, force: force, report) else { throw ImageNotInstalled(uuid, pool) }
        var result = ImageResult(
            .deleted, image?.manifest ?? Manifest(uuid: uuid), title: uuid.description, in: pool)
        result.source = image?.source
        result.reference = image?.references.first
        result.bytes = look.usedBytes(of: uuid)
        report.did(result)
    }

    /// Deletes images in whatever order their origins allow. Those that cannot be deleted keep none of the others. What is named by
    /// a docker reference goes as ``deleteDocker(_:in:force:_:)`` has it, after what is named otherwise.
    ///
    /// - Parameters:
    ///   - force: also what may be no image but somebody's data.
    ///   - namesDependents: whoever keeps an image is told by name, all of them.
    /// - Throws: after all that could be deleted, why the others were not.
    public func delete(
        _ names: [InstalledName], in pool: PoolName, force: Bool, namesDependents: Bool, _ report: Report
    ) async throws {
        // By its reference, more of an image goes than by its UUID.
        let references = names.filter { $0.reference != nil }
        let others = names.filter { name in
            name.reference == nil && !references.contains { $0.uuid == name.uuid }
        }
        let inTurn = others + references
        var left: [InstalledName] = []
        for name in inTurn where !left.contains(name) { left.append(name) }
        var failures: [InstalledName: any CodedError] = [:]
        var deleted = true
        // An image whose clones have just been deleted can go now.
        while deleted, !left.isEmpty {
            deleted = false
            var waiting: [InstalledName] = []
            for name in left {
                do {
                    if name.reference == nil {
                        try await delete(name.uuid, in: pool, force: force, report)
                    } else {
                        try await deleteDocker(name, in: pool, force: force, report)
                    }
                    failures[name] = nil
                    deleted = true
                } catch is ImageNotInstalled where failures[name] is ImageHasClones {
                    // It was there before, and has gone as a layer of another.
                    failures[name] = nil
                } catch let error as any CodedError {
                    failures[name] = error
                    if error is ImageHasClones { waiting.append(name) }
                }
            }
            left = waiting
        }
        if namesDependents {
            for image in left {
                for name in try await store.dependents(of: image.uuid, in: pool) {
                    report.warning("image \(image.uuid) is what \(name) was cloned from")
                }
            }
        }
        var asked: Set<InstalledName> = []
        let inOrder = names.filter { asked.insert($0).inserted }.compactMap { failures[$0] }
            .map { (error: any CodedError) -> any CodedError in
                // How to have them named need not be told to who has.
                guard namesDependents, error is ImageHasClones else { return error }
                return Failure(error.code, error.message, cause: error.cause, hint: ImageHasClones.firstThose)
            }
        if let failure = Failure.combining(inOrder) { throw failure }
    }

    /// Deletes an image under its lock, with its downloads.
    ///
    /// - Returns: false if it is not there.
    func remove(_ uuid: ImageUUID, in pool: PoolName, force: Bool, _ report: Report) async throws -> Bool {
        let lock = try await store.lock(uuid, in: pool) { report.waiting(for: uuid, $0) }
        defer { lock.release() }
        guard try await store.delete(uuid, in: pool, force: force, tell: report.line) else { return false }
        removeDownload(uuid)
        return true
    }
}
