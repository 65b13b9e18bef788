import Failure
import Host
public import ImageModel
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
                try await recoverLocked(machine, report)
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
        let lock = try await lock(machine)
        defer { lock.release() }
        guard try await recoverLocked(machine, report) else {
            report.line("VM \(machine) needs no recovery")
            return
        }
    }

    func lock(_ machine: ImageUUID) async throws -> FileLock {
        if let lock = try await FileLock.takingFromTheDying(CreateIntent.lockPath(machine, root)) { return lock }
        throw Failure(.vmNotStopped, "another imgadm is making an image of VM \(machine)")
    }

    /// - Returns: false if there was nothing to do.
    @discardableResult
    func recoverLocked(_ machine: ImageUUID, _ report: Report) async throws -> Bool {
        guard let intent = try CreateIntent.read(machine, in: root) else { return false }
        report.line("Recovering VM \(machine) from a run of create that was broken off")
        do {
            try await uncancelled { try await putBack(intent, report) }
        } catch is NoSuchMachine {
            report.warning("VM \(machine) is there no more: nothing to recover")
            try intent.remove(from: root)
        } catch {
            throw ImageMaker.unrecovered(machine, error)
        }
        report.line("Recovered VM \(machine)")
        return true
    }

    /// Puts a VM back after a run that failed or was stopped.
    ///
    /// - Throws: `RecoveryError` if that fails as well.
    func putBack(_ intent: CreateIntent, because error: any Error, _ report: Report) async throws {
        do {
            try await uncancelled { try await putBack(intent, report) }
        } catch let second {
            throw Failure(
                .recoveryError,
                "\(Failure.wrapping(error, .internalError, "create was stopped").description); then VM \(intent.machine) could not be put back",
                cause: second, hint: "imgadm create --recover \(intent.machine) tries again")
        }
    }

    private static func unrecovered(_ machine: ImageUUID, _ error: any Error) -> Failure {
        Failure(
            .recoveryError, "VM \(machine) could not be put back as it was before a run of create that was broken off",
            cause: error, hint: "imgadm create --recover \(machine) tries again")
    }

    /// Puts a VM back. Doing it twice, or from the middle on, is harmless.
    func putBack(_ intent: CreateIntent, _ report: Report) async throws {
        var intent = intent
        let manager = manager(intent.pool)
        for file in intent.files { try HostFile.remove(file) }
        if !intent.isPutBack {
            if let final = intent.final { try await giveBack(final, intent.setAside) }
            if !intent.prepared.isEmpty {
                try await takeBack(intent, manager, report)
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

    /// Destroys our snapshot, and gives the VM's own of that name its name back.
    private func giveBack(_ final: SnapshotName, _ setAside: SnapshotName?) async throws {
        guard let setAside else { return try await zfs.destroy(final) }
        // As long as the VM's own has its name, or has it again, there is none of ours.
        guard try await !zfs.existing([setAside]).isEmpty else { return }
        try await zfs.destroy(final)
        try await zfs.rename(setAside, to: final)
    }

    /// Undoes what a script did. The script itself is taken away last: as long as the VM has it, what is in the VM is not its
    /// owner's; a VM without it was not started by us, or has been put back, and its owner may have used it since.
    private func takeBack(_ intent: CreateIntent, _ manager: any MachineManager, _ report: Report) async throws {
        let machine = try await manager.machine(intent.machine)
        if intent.script != nil, machine.internalMetadata["operator-script"]?.stringValue == intent.script {
            if !machine.isStopped {
                try await manager.stop(intent.machine, force: true)
                try await wait(for: machine, .vmNotStopped, "VM \(intent.machine) did not stop") { $0.isStopped }
            }
            let wanted = intent.prepared.compactMap { $0.snapshot(ImageMaker.prepareSnapshot) }
            report.line("Rollback VM \(intent.machine) to pre-prepare snapshot (cleanup)")
            for snapshot in try await zfs.existing(wanted).sorted() { try await zfs.rollback(to: snapshot) }
        }
        for (name, quota) in intent.quotas { try await zfs.set("quota", to: quota, of: name) }
        try await manager.update(intent.machine, intent.metadata)
    }
}
