import Failure
import Host
import SystemPackage
import Time

/// Taking a dataset out of everybody's hands, as a proof that nobody has it in use, before something is done to it that
/// cannot be undone.
extension ZFS {
    /// What was done to a dataset, to be undone if it stays.
    public enum Detachment: Sendable, Hashable {
        case unmounted
        /// Its device was taken away.
        case deviceless
        case nothing
    }

    /// Unmounts a file system, takes the device of a volume away. Nothing is forced.
    ///
    /// A dataset can be destroyed only when its snapshots are gone, and only then is it found that it is in use, so that must be
    /// known before. Once this has returned, the dataset can be used only by who mounts it anew.
    /// - Parameter snapshots: those of the dataset, as they are now.
    /// - Throws: `DatasetBusy`, naming who uses it, or a snapshot that is held; then all is as it was.
    public func detach(_ dataset: Dataset, snapshots: [ListedSnapshot]) async throws -> Detachment {
        if let held = snapshots.first(where: \.isHeld) { throw ZFS.held(held.name) }
        return dataset.kind == .filesystem ? try await detachFileSystem(dataset) : try await detachVolume(dataset)
    }

    /// Undoes what `detach` has done.
    public func attach(_ name: DatasetName, _ detachment: Detachment) async throws {
        switch detachment {
        case .nothing: break
        case .unmounted:
            // One that has taken its place may be.
            if try await mountedPath(of: name) == nil { try await mount(name) }
        case .deviceless: try await giveDevice(to: name)
        }
    }

    private func detachFileSystem(_ dataset: Dataset) async throws -> Detachment {
        let name = dataset.name
        let here = MountTable(of: "self")?.mounts.filter { $0.isOf(name) } ?? []
        if dataset.mountpoint == nil, let mount = here.first {
            throw ZFS.busy(name, ["it is mounted on \(mount.path)"], hint: "umount \(mount.path)")
        }
        var detachment = Detachment.nothing
        if dataset.mountpoint != nil {
            do {
                if try await unmount(name) { detachment = .unmounted }
            } catch let error as ZFSError where error.kind == .busy {
                let users = await ZFS.looking {
                    DeviceUsers(filesOf: Set(here.map(\.device)), at: here.map(\.path)).named()
                }
                // What umount says is said already, where it is known by whom.
                throw ZFS.busy(
                    name, users, cause: users.isEmpty ? error.cause : nil,
                    hint: "fuser -vm \(dataset.mountpoint ?? "") shows by whom")
            }
        }
        let elsewhere = await ZFS.looking { ForeignMounts.named { $0.isOf(name) } }
        let isOpen = elsewhere.isEmpty ? try await isOpenInKernel(name) : true
        guard isOpen else { return detachment }
        let busy = ZFS.busy(
            name, elsewhere.isEmpty ? ["the kernel has it in use, as by a mount that no process sees"] : elsewhere,
            hint: "grep -l \(name) /proc/*/mountinfo shows in which namespaces it is mounted")
        throw await Failure.undoing(busy) { try await attach(name, detachment) }
    }

    private func detachVolume(_ dataset: Dataset) async throws -> Detachment {
        let name = dataset.name
        let device = "/dev/zvol/\(name)"
        func users() async -> [String] {
            await ZFS.looking {
                guard let users = DeviceUsers(ofDevice: device) else { return [] }
                return users.named() + users.mounts()
            }
        }
        let before = await users()
        guard before.isEmpty else { throw ZFS.busy(name, before, hint: "fuser -v \(device) shows by whom") }
        guard let mode = try await volumeMode(name) else { return .nothing }
        var detachment = Detachment.nothing
        if mode.value != "none" {
            do {
                try await takeDevice(of: name, mode)
            } catch let error as ZFSError where error.kind == .noSpace {
                // A full pool has no room for that, and gets some by nothing but deletions: that nobody was seen to use it must do.
                return .nothing
            }
            detachment = .deviceless
        } else if try await deviceWasTaken(from: name) {
            detachment = .deviceless
        }
        // One that somebody had open when it was taken away, in a deletion that was killed, has stayed.
        guard try await ZFS.looks(for: .seconds(5)).until(by: clock, { try await !hasDevice(name) }) else {
            let users = await users()
            let busy = ZFS.busy(
                name, users.isEmpty ? ["the kernel has its device open"] : users,
                hint: "fuser -v \(device) shows by whom")
            throw await Failure.undoing(busy) { try await attach(name, detachment) }
        }
        return detachment
    }

    private func hasDevice(_ name: DatasetName) async throws -> Bool {
        if try await isOpenInKernel(name) { return true }
        return try HostFile.exists(FilePath("/dev/zvol/\(name)"))
    }

    /// The kernel has the dataset mounted somewhere, or as a device: then it counts what is read and written
    /// (OpenZFS on Linux, `/proc/spl/kstat/zfs/POOL/objset-ID`). False where that cannot be told.
    private func isOpenInKernel(_ name: DatasetName) async throws -> Bool {
        let folder = "/proc/spl/kstat/zfs/\(name.pool)"
        guard try HostFile.exists(FilePath(folder)) else { return false }
        do {
            guard let text = try await properties(["objsetid"], of: name).first?.value, let id = UInt64(text) else {
                return false
            }
            let file = "\(folder)/objset-0x\(String(id, radix: 16))"
            // What was unmounted just now is put down a moment later.
            return try await !ZFS.looks(for: .seconds(1)).until(by: clock) { try !HostFile.exists(FilePath(file)) }
        } catch let error as ZFSError where error.kind == .noProperty { return false }
    }

    private static func looks(for patience: Duration) -> Backoff {
        Backoff(patience: patience, firstPause: .milliseconds(20), longestPause: .milliseconds(20))
    }

    private static func busy(
        _ name: DatasetName, _ users: [String], cause: (any Error)? = nil, hint: String
    ) -> ZFSError {
        let who = users.isEmpty ? "" : ": \(users.joined(separator: "; "))"
        return ZFSError(.busy, "dataset \"\(name)\" is in use\(who)", cause: cause, hint: hint)
    }

    /// Looks through `/proc`, which takes its time, and may take for ever: what was not found out counts as in use. It is not cancelled:
    /// what was begun is undone by what it finds.
    private static func looking(_ look: @escaping @Sendable () -> [String]) async -> [String] {
        // What does not throw is not cancelled either.
        let found = try? await uncancelled { try await Host.looking("users", within: DeviceUsers.longestLook, look) }
        return found.flatMap(\.self) ?? [DeviceUsers.unknown]
    }
}
