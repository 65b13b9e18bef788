import Failure
import Host
public import ImageModel
import ImageStore
public import ZFS

extension ImageTool {
    /// Deletes an image (cli.md §3, delete). What a run that was killed has begun is finished.
    ///
    /// - Throws: `ImageNotInstalled`, `ImageHasDependentClones`, `ImageHasChildDatasets` and what ZFS says.
    private func delete(_ uuid: ImageUUID, in pool: PoolName, force: Bool, _ report: Report) async throws {
        // Nothing to delete and nothing left: no need to make a lock file for it.
        if try await !store.isPresent(uuid, in: pool) {
            try sweep(uuid)
            throw ImageNotInstalled(uuid, pool)
        }
        guard try await remove(uuid, in: pool, force: force, report) else { throw ImageNotInstalled(uuid, pool) }
        report.line("Deleted image \(uuid)")
    }

    /// Deletes images in whatever order their origins allow. Those that cannot be deleted keep none of the others.
    ///
    /// - Parameters:
    ///   - force: also what may be no image but somebody's data.
    ///   - namesDependents: whoever keeps an image is told by name, all of them.
    /// - Throws: after all that could be deleted, why the others were not.
    public func delete(
        _ uuids: [ImageUUID], in pool: PoolName, force: Bool, namesDependents: Bool, _ report: Report
    ) async throws {
        var left: [ImageUUID] = []
        for uuid in uuids where !left.contains(uuid) { left.append(uuid) }
        var failures: [ImageUUID: any CodedError] = [:]
        var deleted = true
        // An image whose clones have just been deleted can go now.
        while deleted, !left.isEmpty {
            deleted = false
            var waiting: [ImageUUID] = []
            for uuid in left {
                do {
                    try await delete(uuid, in: pool, force: force, report)
                    failures[uuid] = nil
                    deleted = true
                } catch let error as any CodedError {
                    failures[uuid] = error
                    if error is ImageHasClones { waiting.append(uuid) }
                }
            }
            left = waiting
        }
        if namesDependents {
            for uuid in left {
                for name in try await store.dependents(of: uuid, in: pool) {
                    report.warning("image \(uuid) is what \(name) was cloned from")
                }
            }
        }
        var asked: Set<ImageUUID> = []
        let inOrder = uuids.filter { asked.insert($0).inserted }.compactMap { failures[$0] }
            .map { (error: any CodedError) -> any CodedError in
                // How to have them named need not be told to who has.
                guard namesDependents, error is ImageHasClones else { return error }
                return Failure(error.code, error.message, cause: error.cause)
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
        downloads.remove(uuid)
        return true
    }
}
