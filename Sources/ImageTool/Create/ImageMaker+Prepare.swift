import Failure
import Host
import JSON
import Time
import VirtualMachines
import ZFS

/// The prepare-image script (create.md, "With a prepare-image script").
extension ImageMaker {
    static let prepareSnapshot = "imgadm-create-pre-prepare"
    private static let state = "prepare-image:state"
    private static let error = "prepare-image:error"

    /// Stops a VM, snapshots it, and runs a script in it until it has stopped again.
    func prepare(_ machine: Machine, _ script: String, _ intent: inout CreateIntent, _ report: Report) async throws {
        let manager = manager(intent.pool)
        intent.wasRunning = !machine.isStopped
        intent.prepared = machine.datasets
        intent.script = script
        intent.metadata = ImageMaker.wayBack(machine)
        if machine.brand == "bhyve" {
            let quota = try await zfs.properties(["quota"], of: machine.dataset).first
            if let quota, quota.value != "0", quota.value != "none" { intent.quotas[machine.dataset] = quota.value }
        }
        intent.stamp()
        try intent.save(in: root)
        if !machine.isStopped {
            report.line("Stopping VM \(machine.uuid) to snapshot it")
            try await manager.stop(machine.uuid, force: false)
            try await wait(for: machine, .vmNotStopped, "VM \(machine.uuid) did not stop") { $0.isStopped }
        }
        for name in intent.quotas.keys { try await zfs.set("quota", to: "none", of: name) }
        report.line("Snapshotting VM \"\(machine.uuid)\" to @\(ImageMaker.prepareSnapshot)")
        for name in intent.prepared {
            if let snapshot = name.snapshot(ImageMaker.prepareSnapshot) { try await zfs.snapshot(snapshot) }
        }
        intent.isScripted = true
        intent.stamp()
        try intent.save(in: root)
        var change = MetadataChange()
        change.setInternal["operator-script"] = .string(script)
        change.removeCustomer = [ImageMaker.state, ImageMaker.error]
        try await manager.update(machine.uuid, change)
        report.line("Preparing VM \(machine.uuid) (starting it)")
        try await manager.start(machine.uuid)
        try await follow(machine, report)
    }

    /// Waits for the script to begin, to succeed, and for the VM to have stopped.
    private func follow(_ machine: Machine, _ report: Report) async throws {
        let uuid = machine.uuid
        func state(_ machine: Machine) -> String? { machine.customerMetadata[ImageMaker.state]?.stringValue }
        _ = try await wait(
            for: machine, .prepareImageDidNotRun, "the prepare-image script did not begin to run in VM \(uuid)",
            hint:
                "a script says \"mdata-put \(ImageMaker.state) running\" when it begins; on a host without vmadm, that takes /bin/sh, /usr/bin/env, cat and mv of the image"
        ) { ["running", "success", "error"].contains(state($0)) }
        // Of one that has come to its end by now it was true a moment ago.
        report.line("Prepare script is running")
        let ended = try await wait(
            for: machine, .prepareImageError, "the prepare-image script in VM \(uuid) came to no end",
            hint: "a script says \"mdata-put \(ImageMaker.state) success\" at its end"
        ) { ["success", "error"].contains(state($0)) }
        guard state(ended) == "success" else {
            let said = ended.customerMetadata[ImageMaker.error]?.stringValue ?? ""
            throw Failure(
                .prepareImageError,
                "the prepare-image script failed in VM \(uuid)\(said.isEmpty ? "" : ": \(said)")\(ended.printed)")
        }
        report.line("Prepare script succeeded")
        try await wait(
            for: machine, .prepareImageError, "VM \(uuid) did not stop after the prepare-image script had succeeded"
        ) { $0.isStopped }
        report.line("Prepare script stopped VM \(uuid)")
    }

    /// Looks at a VM until it is as it should be.
    ///
    /// - Throws: `code` when the time is over; or, where it waits for a script, when the VM has stopped without a word.
    @discardableResult
    func wait(
        for machine: Machine, _ code: Failure.Code, _ complaint: String, hint: String? = nil,
        until isThere: (Machine) -> Bool
    ) async throws -> Machine {
        let manager = manager(machine.dataset.poolName)
        let looks = Backoff(patience: patience, firstPause: .milliseconds(20), longestPause: .milliseconds(500))
        var stops = 0
        return try await looks(by: tool.clock) { tries in
            let now = try await manager.machine(machine.uuid)
            if isThere(now) { return .done(now) }
            stops = now.isStopped ? stops + 1 : 0
            // A VM that is just starting may still look stopped.
            if stops > 3, tries.elapsed > .seconds(1) {
                throw Failure(code, "\(complaint): it has stopped\(now.printed)", hint: hint)
            }
            let late = Failure(
                code, "\(complaint) within \(patience.components.seconds) s\(now.printed)", hint: hint)
            return .passing(.failure(late))
        }
    }

    /// Looks whether a VM is half prepared by somebody: by a run with another root that died, or by another tool.
    ///
    /// - Throws: `DatasetExists` if there is a snapshot of the name that is needed for a script.
    func checkUnprepared(_ machine: Machine) async throws {
        let wanted = machine.datasets.compactMap { $0.snapshot(ImageMaker.prepareSnapshot) }
        guard let first = try await zfs.existing(wanted).min() else { return }
        throw Failure(
            .datasetExists, "snapshot \"\(first)\" is there already",
            hint:
                "a run with another root, or another tool's, was broken off: imgadm create --recover \(machine.uuid) there, or roll the VM back to it by hand, or destroy it"
        )
    }

    /// What gives the VM back the metadata that a script needs for itself.
    private static func wayBack(_ machine: Machine) -> MetadataChange {
        var change = MetadataChange()
        if let script = machine.internalMetadata["operator-script"] {
            change.setInternal["operator-script"] = script
        } else {
            change.removeInternal = ["operator-script"]
        }
        for key in [state, error] {
            if let value = machine.customerMetadata[key] {
                change.setCustomer[key] = value
            } else {
                change.removeCustomer.append(key)
            }
        }
        return change
    }
}

extension Machine {
    /// What its script printed last, to be put after a complaint.
    fileprivate var printed: String { lastWords.map { "; the last that it printed: \"\($0)\"" } ?? "" }
}
