import Failure
import Host
import ImageModel
import Logging
import ZFS

/// Images are to be seen where operators look for them: a file system mounted, a volume's device there. A run that was killed
/// between the last rename and the mount, or in a deletion, leaves one that is not.
extension ImageStore {
    /// Makes a new image visible. An image is one without that too, so a failure is only logged.
    ///
    /// - Parameter made: its dataset as it was under another name, where it was looked at.
    func show(_ name: DatasetName, madeAs made: Dataset?) async {
        do {
            guard let dataset = if let made { made } else { try await uncancelled({ try await zfs.dataset(name) }) }
            else { return }
            switch dataset.kind {
            case .filesystem where dataset.mountpoint != nil: try await uncancelled { try await zfs.mount(name) }
            case .filesystem: break
            case .volume: await VolumeDevice.wait(for: name)
            }
        } catch {
            log.info("image was not mounted", metadata: ["dataset": "\(name)", "reason": "\(error)"])
        }
    }

    /// Makes an installed image visible that is not. A failure is only logged: `check` tells of it, too.
    public func showAgain(_ image: InstalledImage) async throws {
        guard image.mayBeHidden else { return }
        for name in try await zfs.hidden([.image(image.uuid, in: image.pool)]) {
            // Who deletes it has the lock.
            guard let lock = try await tryLock(image.uuid, in: image.pool, .shared) else { continue }
            defer { lock.release() }
            do {
                try await unhide(name)
            } catch let error as any CodedError {
                log.warning("image is not visible", metadata: ["dataset": "\(name)", "reason": "\(error)"])
            }
        }
    }

    /// Makes a hidden image visible.
    func unhide(_ name: DatasetName) async throws {
        guard let dataset = try await zfs.dataset(name) else { return }
        try await uncancelled {
            try await zfs.attach(name, dataset.kind == .volume ? .deviceless : .unmounted)
        }
    }
}
