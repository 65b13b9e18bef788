import Failure
import Host
public import ImageModel
import ImageStore
import JSON
import SystemPackage
import VirtualMachines
import ZFS

/// Putting a VM back as it was: at the end of each run, and after one that died (create.md, "Whatever happens").
extension ImageMaker {
    /// Puts back the VMs of runs that have died.
    ///
    /// - Throws: after all that could be put back, why the others could not.
    public func recoverAll(_ report: Report) async throws {
        try await CreateIntent.sweep(root)
        var failures: [Failure] = []
        for machine in try CreateIntent.machines(in: root) {
            // Who holds the lock lives, and sees to it himself.
            guard let lock = try await FileLock.takingFromTheDying(CreateIntent.lockPath(machine, root)) else {
                continue
            }
            defer { lock.release() }
            do {
                // Of one that is busy, a run with another root, or whoever recovers it there, sees to it himself.
                if try await recoverLocked(machine, .nobody, report) == .left {
                    report.warning(
                        "VM \(machine) is not as it was before a run of create: imgadm create --recover \(machine) puts it back, and what it has written since is lost then"
                    )
                }
            } catch let error as any CodedError {
                failures.append(error.failure)
            }
        }
        if let failure = Failure.combining(failures) { throw failure }
    }

    /// Puts back a VM if a run of `create` left it otherwise; harmless if none did.
    ///
    /// - Throws: `VmNotStopped` while a run is at work on it; `RecoveryError`.
    public func recover(_ machine: ImageUUID, _ report: Report) async throws {
        if try await recover(machine, .owner, report) == .nothing { report.line("VM \(machine) needs no recovery") }
    }

    func recover(_ machine: ImageUUID, _ wish: Wish, _ report: Report) async throws -> Recovery {
        let lock = try await lock(machine)
        defer { lock.release() }
        let recovery = try await recoverLocked(machine, wish, report)
        guard recovery != .busy else { throw ImageMaker.busy(machine) }
        return recovery
    }

    func lock(_ machine: ImageUUID) async throws -> FileLock {
        if let lock = try await FileLock.takingFromTheDying(CreateIntent.lockPath(machine, root)) { return lock }
        throw ImageMaker.busy(machine)
    }

    static func busy(_ machine: ImageUUID) -> Failure {
        Failure(
            .vmNotStopped, "another imgadm is making an image of VM \(machine)", hint: "try again when that has ended")
    }

    static func left(_ machine: ImageUUID) -> Failure {
        Failure(
            .recoveryError,
            "VM \(machine) is not as it was before a run of create that was broken off, and may have been used since",
            hint:
                "imgadm create --recover \(machine) puts it back, and what it has written since is lost then")
    }

    static func used(_ machine: Machine) -> Failure {
        Failure(
            .vmNotStopped, "VM \(machine.uuid) is not stopped: it is in use: \(machine.users.joined(separator: "; "))",
            hint: "end that first")
    }

    enum Recovery {
        case nothing
        case done
        /// Another run is at work on the VM.
        case busy
        /// Its owner may have used the VM since: it is his to say when it is rolled back.
        case left
    }

    /// Who wants a VM to be put back.
    enum Wish {
        /// It is for that run alone that something is done.
        case nobody
        /// Who makes an image of it, with that script: perhaps the same once more.
        case again(String?)
        case owner
    }

    /// How long a VM counts as nobody's but the script's, after what was begun with it was last written down.
    private static let (longestUnasked, longestAgain) = (Duration.seconds(3600), Duration.seconds(86400))

    /// What was done in a VM since a run has died may be its owner's work, and would be lost.
    private func isOwners(_ intent: CreateIntent, _ wish: Wish) async throws -> Bool {
        guard !intent.prepared.isEmpty, let script = intent.script, !intent.isPutBack, !intent.isRolledBack else {
            return false
        }
        if case .owner = wish { return false }
        let machine = try await manager(intent.pool).machine(intent.machine)
        guard machine.internalMetadata["operator-script"]?.stringValue == script else { return false }
        if case .again(let again) = wish, again == script, machine.users.isEmpty,
            intent.isWithin(ImageMaker.longestAgain)
        {
            return false
        }
        return intent.isTold || !machine.users.isEmpty || !intent.isOfThisBoot
            || !intent.isWithin(ImageMaker.longestUnasked)
    }

    /// An image of which another is made has another `@final` meanwhile: nobody may build on that, or delete the image.
    ///
    /// - Returns: nil if the dataset is no image.
    /// - Throws: `DatasetBusy`.
    func lockImage(_ dataset: DatasetName) async throws -> ImageLock? {
        let pool = dataset.poolName
        guard let uuid = ImageUUID(String(dataset.lastComponent)), dataset == pool.dataset.child(uuid.description),
            try await tool.store.image(uuid, in: pool)?.isKnown == true
        else { return nil }
        guard let lock = try await tool.store.tryLock(uuid, in: pool) else {
            throw Failure(
                .datasetBusy, "image \(uuid) is in use: another imgadm is at work on it, or builds on it",
                hint: "try again when that has ended")
        }
        return lock
    }

    /// Puts back a VM whose lock file is held.
    func recoverLocked(_ machine: ImageUUID, _ wish: Wish, _ report: Report) async throws -> Recovery {
        guard let intent = try CreateIntent.read(machine, in: root) else { return .nothing }
        do {
            guard let shared = try await tool.store.tryLockMachine(machine, in: intent.pool) else { return .busy }
            defer { shared.release() }
            if try await isOwners(intent, wish) {
                var told = intent
                told.isTold = true
                if !intent.isTold { try told.save(in: root) }
                return .left
            }
            let image = if let final = intent.final { try await lockImage(final.dataset) } else { ImageLock?.none }
            defer { image?.release() }
            report.line("Recovering VM \(machine) from a run of create that was broken off")
            try await uncancelled { try await putBack(intent, report) }
        } catch is NoSuchMachine {
            report.warning("VM \(machine) is there no more: nothing to recover")
            try intent.remove(from: root)
        } catch {
            throw ImageMaker.unrecovered(machine, error)
        }
        report.line("Recovered VM \(machine)")
        return .done
    }

    /// Puts a VM back at the end of a run.
    ///
    /// - Parameter error: why the run failed or was stopped; nil if its image is made.
    /// - Throws: `RecoveryError` if the VM cannot be put back.
    func putBack(_ intent: CreateIntent, because error: (any Error)?, _ report: Report) async throws {
        do {
            try await uncancelled { try await putBack(intent, report) }
        } catch let second {
            var cause = second
            if let refused = second as? RollbackRefused {
                cause = refused.cause
                var told = intent
                told.isTold = true
                // Where that cannot be written, either, the next command tries again without asking.
                try? told.save(in: root)
            }
            let first = error.map { Failure.wrapping($0, .internalError, "create was stopped").description }
            throw Failure(
                .recoveryError,
                "\(first ?? "the image is made"); then VM \(intent.machine) could not be put back as it was",
                cause: cause, hint: "imgadm create --recover \(intent.machine) tries again")
        }
    }

    /// What is in a VM cannot be taken back: somebody keeps it, as by holding a snapshot that came since.
    private struct RollbackRefused: Error {
        let cause: any Error
    }

    private static func unrecovered(_ machine: ImageUUID, _ error: any Error) -> Failure {
        Failure(
            .recoveryError, "VM \(machine) could not be put back as it was before a run of create that was broken off",
            cause: (error as? RollbackRefused)?.cause ?? error, hint: "imgadm create --recover \(machine) tries again")
    }

    /// Puts a VM back. Doing it twice, or from the middle on, is harmless.
    func putBack(_ intent: CreateIntent, _ report: Report) async throws {
        var intent = intent
        let manager = manager(intent.pool)
        try CreateFiles.clear(intent.files)
        if !intent.isPutBack {
            if let final = intent.final { try await giveBack(final, intent.setAside, report) }
            if !intent.prepared.isEmpty {
                try await takeBack(&intent, manager, report)
                intent.isPutBack = true
                // From here on the VM is its owner's again: it must not be stopped or rolled back a second time.
                try intent.save(in: root)
            }
        }
        for name in intent.prepared {
            if let snapshot = name.snapshot(ImageMaker.prepareSnapshot) { try await zfs.destroy(snapshot) }
        }
        if intent.wasRunning, try await manager.machine(intent.machine).isStopped {
            report.line("Restarting VM \(intent.machine) (cleanup)")
            try await manager.start(intent.machine)
        }
        try intent.remove(from: root)
    }

    /// Destroys our snapshot, and gives the VM's own of that name its name back. One without our mark is its owner's, who has taken it since.
    private func giveBack(_ final: SnapshotName, _ setAside: SnapshotName?, _ report: Report) async throws {
        if let setAside, try await zfs.existing([setAside]).isEmpty {
            // As long as the VM's own has its name, or has it again, there is none of ours.
            return
        }
        if try await !zfs.ofMachines([final]).isEmpty { try await zfs.destroy(final) }
        guard let setAside else { return }
        guard try await zfs.existing([final]).isEmpty else {
            return report.warning("\(setAside) was \(final) before create took one; somebody has taken another since")
        }
        try await zfs.rename(setAside, to: final)
    }

    /// Undoes what a script did. The script itself is taken away last: as long as the VM has it, what is in the VM is not its
    /// owner's; a VM without it was not started by us, or has been put back, and its owner may have used it since.
    private func takeBack(_ intent: inout CreateIntent, _ manager: any MachineManager, _ report: Report) async throws {
        let machine = try await manager.machine(intent.machine)
        if !intent.isRolledBack, intent.script != nil,
            machine.internalMetadata["operator-script"]?.stringValue == intent.script
        {
            if !machine.isStopped {
                try await manager.stop(intent.machine, force: true)
                let now = try await wait(for: machine, .vmNotStopped, "VM \(intent.machine) did not stop") {
                    $0.isStopped || !$0.users.isEmpty
                }
                guard now.users.isEmpty else { throw RollbackRefused(cause: ImageMaker.used(now)) }
            }
            let wanted = intent.prepared.compactMap { $0.snapshot(ImageMaker.prepareSnapshot) }
            report.line("Rollback VM \(intent.machine) to pre-prepare snapshot (cleanup)")
            do {
                for snapshot in try await zfs.existing(wanted).sorted() { try await rollBack(to: snapshot, report) }
            } catch {
                throw RollbackRefused(cause: error)
            }
            // What comes into the VM from here on is its owner's, whatever else fails.
            (intent.isRolledBack, intent.isTold) = (true, false)
            try intent.save(in: root)
        }
        for (name, quota) in intent.quotas { try await zfs.set("quota", to: quota, of: name) }
        try await manager.update(intent.machine, intent.metadata)
    }

    /// - Throws: `DatasetBusy`, naming a snapshot that came since and is held.
    private func rollBack(to snapshot: SnapshotName, _ report: Report) async throws {
        let before = try await zfs.snapshots(of: snapshot.dataset)
        try await zfs.rollback(to: snapshot)
        for lost in Set(before).subtracting(try await zfs.snapshots(of: snapshot.dataset)).sorted() {
            report.line("Destroyed snapshot \(lost), which came while the script ran (cleanup)")
        }
    }
}
