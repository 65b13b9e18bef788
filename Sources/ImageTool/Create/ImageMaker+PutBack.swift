import Failure
import Host
import ImageModel
import SystemPackage
import Time
import VirtualMachines
import ZFS

/// Putting a VM back as it was: what a run does at its end, and whoever makes up for one that died (create.md, "Whatever happens").
extension ImageMaker {
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
                // Where that cannot be written, either, the next command tries again without asking.
                try? intent.tell(in: root)
            }
            let first = error.map { Failure.wrapping($0, .internalError, "create was stopped").description }
            throw Failure(
                .recoveryError,
                "\(first ?? "the image is made"); then VM \(intent.machine) could not be put back as it was",
                cause: cause, hint: "imgadm create --recover \(intent.machine) tries again")
        }
    }

    /// What is in a VM cannot be taken back: somebody keeps it, as by holding a snapshot that came since.
    struct RollbackRefused: Error {
        let cause: any Error
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
        if intent.isToBeRolledBack, machine.operatorScript == intent.script {
            if !machine.isStopped {
                try await manager.stop(intent.machine, force: true)
                try await waitUntilUnused(machine)
            }
            let wanted = intent.prepared.compactMap { $0.snapshot(ImageMaker.prepareSnapshot) }
            report.line("Rollback VM \(intent.machine) to pre-prepare snapshot (cleanup)")
            do {
                for snapshot in try await there(wanted, of: intent.machine).sorted() {
                    try await rollBack(to: snapshot, report)
                }
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

    /// Waits until a VM that was told to stop has stopped. Somebody who reads everything there is on the host has something of it open
    /// for a moment, and a process that is ending has it, too: only who stays is in the way.
    ///
    /// - Throws: `RollbackRefused`, naming those who use it.
    private func waitUntilUnused(_ machine: Machine) async throws {
        var since: ContinuousClock.Instant?
        let now = try await wait(for: machine, .vmNotStopped, "VM \(machine.uuid) did not stop") { now in
            guard !now.users.isEmpty else {
                since = nil
                return now.isStopped
            }
            let first = since ?? tool.clock.now
            since = first
            return first.duration(to: tool.clock.now) >= min(ImageMaker.longestPassing, patience / 2)
        }
        guard now.users.isEmpty else { throw RollbackRefused(cause: ImageMaker.used(now)) }
    }

    /// Who uses a VM for longer than that is not just passing.
    static let longestPassing = Duration.seconds(15)

    /// All were there when the VM got its script. One disk alone is not rolled back: they would be of different moments. A disk that is
    /// there no more is in nobody's way.
    ///
    /// - Throws: `RecoveryError`.
    private func there(_ wanted: [SnapshotName], of machine: ImageUUID) async throws -> Set<SnapshotName> {
        let there = try await zfs.existing(wanted)
        var missing: SnapshotName?
        for snapshot in wanted where missing == nil && !there.contains(snapshot) {
            if try await zfs.dataset(snapshot.dataset) != nil { missing = snapshot }
        }
        guard let missing else { return there }
        throw Failure(
            .recoveryError,
            "the snapshot \(missing) is not there, which somebody has destroyed: the VM stays as the script left it",
            hint:
                "look after the VM by hand, and take its operator-script away (docs/operating.md); then imgadm create --recover \(machine) clears up"
        )
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
