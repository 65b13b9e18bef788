import Failure
import Host
public import ImageModel
import Logging
public import ZFS

/// Images are to be seen where operators look for them: a file system mounted, a volume's device there. A run that was killed
/// between the last rename and the mount, or in a deletion, leaves one that is not.
extension ImageStore {
    /// Makes a new image visible. An image is one without that too, so a failure is only logged.
    func show(_ name: DatasetName) async {
        do {
            guard let found = try await uncancelled({ try await zfs.dataset(name) }) else { return }
            switch found.dataset.kind {
            case .filesystem where found.dataset.mountpoint != nil: try await uncancelled { try await zfs.mount(name) }
            case .filesystem: break
            case .volume: await VolumeDevice.wait(for: name)
            }
        } catch {
            log.info("image was not mounted", metadata: ["dataset": "\(name)", "reason": "\(error)"])
        }
    }

    /// Makes an installed image visible that is not. A failure is only logged: `check` tells of it, too.
    public func showAgain(_ uuid: ImageUUID, in pool: PoolName) async throws {
        for name in try await hidden([.image(uuid, in: pool)]) {
            // Who deletes it has the lock.
            guard let lock = try await tryLock(uuid, in: pool, .shared) else { continue }
            defer { lock.release() }
            do {
                try await unhide(name)
            } catch let error as any CodedError {
                log.warning("image is not visible", metadata: ["dataset": "\(name)", "reason": "\(error)"])
            }
        }
    }

    /// Those of these datasets that should be mounted by their properties, and are not; and the volumes whose devices were
    /// taken away by a deletion that did not come to its end.
    func hidden(_ names: [DatasetName]) async throws -> [DatasetName] {
        let states = try await zfs.values(
            ["type", "mounted", "canmount", "mountpoint", ZFS.takenVolumeMode], of: names)
        var hidden: [DatasetName] = []
        for name in names {
            guard let state = states[name] else { continue }
            if state["type"] == "volume" {
                // The value may be that of a dataset above.
                guard state[ZFS.takenVolumeMode] != "-", try await zfs.deviceWasTaken(from: name) else { continue }
                hidden.append(name)
            } else if state["mounted"] == "no", state["canmount"] == "on", state["mountpoint"]?.hasPrefix("/") == true {
                hidden.append(name)
            }
        }
        return hidden
    }

    /// Makes a hidden image visible.
    func unhide(_ name: DatasetName) async throws {
        guard let found = try await zfs.dataset(name) else { return }
        try await uncancelled {
            try await zfs.attach(name, found.dataset.kind == .volume ? .deviceless : .unmounted)
        }
    }
}
