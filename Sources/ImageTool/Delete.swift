public import Failure
import Host
public import ImageModel
import ImageStore
public import ZFS

extension ImageTool {
    /// Deletes an image (cli.md §3, delete). What a run that was killed has begun is finished.
    ///
    /// - Throws: `ImageNotInstalled`, `ImageHasDependentClones`, `ImageHasChildDatasets` and what ZFS says.
    public func delete(_ uuid: ImageUUID, in pool: PoolName, _ report: Report) async throws {
        // Nothing to delete and nothing left: no need to make a lock file for it.
        if try await !store.isPresent(uuid, in: pool) {
            sweep(uuid)
            throw ImageTool.notInstalled(uuid, pool)
        }
        let lock = try await store.lock(uuid) { report.line("Waiting for image \(uuid) import lock") }
        defer { lock.release() }
        guard try await store.delete(uuid, in: pool, tell: report.line) else {
            throw ImageTool.notInstalled(uuid, pool)
        }
        downloads.remove(uuid)
        report.line("Deleted image \(uuid)")
    }

    /// The failure for an image that is not there.
    public static func notInstalled(_ uuid: ImageUUID, _ pool: PoolName) -> Failure {
        Failure(.imageNotInstalled, "image \"\(uuid)\" was not found on zpool \"\(pool)\"")
    }
}
