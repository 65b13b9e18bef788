public import Failure
import Host
public import ImageModel
import ImageStore
public import ZFS

extension ImageTool {
    /// Deletes an image (cli.md §3, delete). What a run that was killed has begun is finished.
    ///
    /// - Throws: `ImageNotInstalled`, `ImageHasDependentClones`, `ImageHasChildDatasets` and what ZFS says.
    private func delete(_ uuid: ImageUUID, in pool: PoolName, _ report: Report) async throws {
        // Nothing to delete and nothing left: no need to make a lock file for it.
        if try await !store.isPresent(uuid, in: pool) {
            try sweep(uuid)
            throw ImageTool.notInstalled(uuid, pool)
        }
        guard try await remove(uuid, in: pool, report) else { throw ImageTool.notInstalled(uuid, pool) }
        report.line("Deleted image \(uuid)")
    }

    /// Deletes images in whatever order their origins allow. Those that cannot be deleted keep none of the others.
    ///
    /// - Parameter namesDependents: whoever keeps an image is told by name, all of them.
    /// - Throws: after all that could be deleted, why the others were not.
    public func delete(
        _ uuids: [ImageUUID], in pool: PoolName, namesDependents: Bool, _ report: Report
    ) async throws {
        var left: [ImageUUID] = []
        for uuid in uuids where !left.contains(uuid) { left.append(uuid) }
        while !left.isEmpty {
            var failures: [Failure] = []
            var waiting: [ImageUUID] = []
            for uuid in left {
                do {
                    try await delete(uuid, in: pool, report)
                } catch let failure as Failure {
                    failures.append(failure)
                    if failure.code == .imageHasDependentClones { waiting.append(uuid) }
                }
            }
            // An image whose clones have just been deleted can go now.
            guard waiting.count < left.count, !waiting.isEmpty, failures.count == waiting.count else {
                if namesDependents {
                    for uuid in waiting {
                        for name in try await store.dependents(of: uuid, in: pool) {
                            report.warning("image \(uuid) is what \(name) was cloned from")
                        }
                    }
                }
                if let failure = Failure.combining(failures) { throw failure }
                return
            }
            left = waiting
        }
    }

    /// Deletes an image under its lock, with its downloads.
    ///
    /// - Returns: false if it is not there.
    func remove(_ uuid: ImageUUID, in pool: PoolName, _ report: Report) async throws -> Bool {
        let lock = try await store.lock(uuid) { report.line("Waiting for image \(uuid) import lock") }
        defer { lock.release() }
        guard try await store.delete(uuid, in: pool, tell: report.line) else { return false }
        downloads.remove(uuid)
        return true
    }

    /// The failure for an image that is not there.
    public static func notInstalled(_ uuid: ImageUUID, _ pool: PoolName) -> Failure {
        Failure(.imageNotInstalled, "image \"\(uuid)\" was not found on zpool \"\(pool)\"")
    }
}
