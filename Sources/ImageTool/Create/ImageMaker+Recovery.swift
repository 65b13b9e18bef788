import Failure
import Host
public import ImageModel
import ImageStore
import Time
import VirtualMachines
import ZFS

/// Making up for runs of `create` that died (create.md, "Whatever happens").
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
                if case .left(let obstacle) = try await recoverLocked(machine, isAsked: false, report) {
                    report.warning(ImageMaker.left(machine, obstacle).fullDescription)
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
        if try await recover(machine, isAsked: true, report) == .nothing {
            report.line("VM \(machine) needs no recovery")
        }
    }

    func recover(_ machine: ImageUUID, isAsked: Bool, _ report: Report) async throws -> Recovery {
        let lock = try await lock(machine)
        defer { lock.release() }
        let recovery = try await recoverLocked(machine, isAsked: isAsked, report)
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

    /// - Parameter obstacle: why that is not done unasked.
    static func left(_ machine: ImageUUID, _ obstacle: String) -> Failure {
        Failure(
            .recoveryError,
            "VM \(machine) is not as it was before a run of create that was broken off, and is not put back unasked: \(obstacle)",
            hint: "imgadm create --recover \(machine) puts it back, and what it has written since is lost then")
    }

    static func used(_ machine: Machine) -> Failure {
        Failure(
            .vmNotStopped, "VM \(machine.uuid) is not stopped: it is in use: \(machine.users.joined(separator: "; "))",
            hint: "end that first")
    }

    enum Recovery: Equatable {
        case nothing
        case done
        /// Another run is at work on the VM.
        case busy
        /// Its owner may have used the VM since: it is his to say when it is rolled back. What is in the way, in words.
        case left(String)
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

    private func obstacle(to intent: CreateIntent) async throws -> String? {
        guard intent.isToBeRolledBack else { return nil }
        let machine = try await manager(intent.pool).machine(intent.machine)
        // Without the script it has been put in order by hand: nothing is rolled back then.
        guard machine.operatorScript == intent.script else { return nil }
        func obstacle(_ users: [String]) -> String? {
            UnaskedRollback(intent, now: .now(), boot: HostBoot.id).obstacle(users: users)
        }
        guard !machine.users.isEmpty, obstacle([]) == nil else { return obstacle(machine.users) }
        // Who is just passing is not in the way.
        return obstacle(try await staying(machine, for: min(ImageMaker.longestPassing, patience / 2)))
    }

    /// Who still uses a VM after some time; nobody if it was unused meanwhile.
    private func staying(_ machine: Machine, for longest: Duration) async throws -> [String] {
        let end = tool.clock.now + longest
        var users = machine.users
        while !users.isEmpty, tool.clock.now < end {
            try await tool.clock.wait(.milliseconds(500))
            users = try await manager(machine.dataset.poolName).machine(machine.uuid).users
        }
        return users
    }

    /// Puts back a VM whose lock file is held.
    ///
    /// - Parameter isAsked: by the VM's owner; else it is done only where he cannot have used it (`UnaskedRollback`).
    func recoverLocked(_ machine: ImageUUID, isAsked: Bool, _ report: Report) async throws -> Recovery {
        guard let intent = try CreateIntent.read(machine, in: root) else { return .nothing }
        do {
            guard let shared = try await tool.store.tryLockMachine(machine, in: intent.pool) else { return .busy }
            defer { shared.release() }
            if !isAsked, let obstacle = try await obstacle(to: intent) {
                try intent.tell(in: root)
                return .left(obstacle)
            }
            let image = if let final = intent.final { try await lockImage(final.dataset) } else { ImageLock?.none }
            defer { image?.release() }
            report.line("Recovering VM \(machine) from a run of create that was broken off")
            try await uncancelled { try await putBack(intent, report) }
        } catch is NoSuchMachine {
            report.warning("VM \(machine) is there no more: nothing to recover")
            try intent.remove(from: root)
        } catch let refused as RollbackRefused {
            // Where that cannot be written, the next command tries again without asking.
            try? intent.tell(in: root)
            throw ImageMaker.unrecovered(machine, refused.cause)
        } catch {
            throw ImageMaker.unrecovered(machine, error)
        }
        report.line("Recovered VM \(machine)")
        return .done
    }

    private static func unrecovered(_ machine: ImageUUID, _ error: any Error) -> Failure {
        Failure(
            .recoveryError, "VM \(machine) could not be put back as it was before a run of create that was broken off",
            cause: error, hint: "imgadm create --recover \(machine) tries again")
    }
}
