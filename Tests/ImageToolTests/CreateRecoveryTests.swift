import Failure
import Host
import ImageModel
import JSON
import Synchronization
import SystemPackage
import TestClock
import TestPools
import Testing
import Time
import ZFS

@testable import ImageTool
@testable import VirtualMachines

/// A VM that a run of `create` has left is its owner's as soon as he can have used it.
@Suite struct CreateRecoveryTests {
    private let host: ToolHost
    private let vm: ImageUUID
    private let machines: Machines

    init() throws {
        host = try ToolHost()
        vm = try #require(ImageUUID("01b2c898-945f-11e1-a523-af1afbe22822"))
        machines = Machines(vm)
        host.host.pools.edit { $0.add("tank/\(vm)", snapshots: ["imgadm-create-pre-prepare"]) }
    }

    /// A manager whose VM has the script.
    private final class Machines: MachineManager {
        private let uuid: ImageUUID
        /// Who uses it, look by look; the last goes on for good.
        private let looks = Mutex<[[String]]>([[]])
        private let changes = Mutex(0)

        init(_ uuid: ImageUUID) { self.uuid = uuid }

        var isPutBack: Bool { changes.withLock { $0 > 0 } }
        func use(_ users: [[String]]) { looks.withLock { $0 = users } }

        func machine(_ uuid: ImageUUID) async throws -> Machine {
            let users = looks.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            var machine = try #require(
                Machine(json: [
                    "uuid": .string(uuid.description), "brand": "bare", "state": users.isEmpty ? "stopped" : "running",
                    "zfs_filesystem": .string("tank/\(uuid)"), "internal_metadata": ["operator-script": "prepare"],
                ]))
            machine.users = users
            return machine
        }

        func start(_ uuid: ImageUUID) async throws {}
        func stop(_ uuid: ImageUUID, force: Bool) async throws {}
        func update(_ uuid: ImageUUID, _ change: MetadataChange) async throws { changes.withLock { $0 += 1 } }
    }

    private var maker: ImageMaker {
        let machines = machines
        return ImageMaker(
            tool: host.tool, root: host.host.root, zfs: host.host.pools.zfs, patience: .seconds(300)
        ) { _ in machines }
    }

    /// A run has died.
    private func leave(told: Bool = false, change: (inout JSONObject) -> Void = { _ in }) throws {
        var intent = CreateIntent(machine: vm, pool: host.host.pool)
        intent.prepared = [try #require(DatasetName("tank/\(vm)"))]
        intent.script = "prepare"
        (intent.isTold, intent.isScripted) = (told, true)
        intent.stamp()
        try intent.save(in: host.host.root)
        var json = try written()
        change(&json)
        try HostFile.write(Array(JSONValue.object(json).text().utf8), to: file)
    }

    private var file: FilePath { host.host.root.intents.appending("\(vm).json") }

    private func written() throws -> JSONObject {
        try JSONValue(parsing: try #require(try HostFile.read(file))).objectValue ?? [:]
    }

    private static func aged(_ hours: Int) -> (inout JSONObject) -> Void {
        { $0["time"] = .number(JSONNumber(Timestamp.now().milliseconds - Int64(hours * 3_600_000))) }
    }

    private func create() async throws {
        var request = CreateRequest(machine: vm)
        request.script = "prepare"
        try await maker.create(request, pool: host.host.pool, host.report)
    }

    @Test func atOnceItIsPutBackUnasked() async throws {
        try leave()
        try await maker.recoverAll(host.report)
        #expect(machines.isPutBack && host.lines.contains("Recovered VM \(vm)"), "\(host.lines)")
        #expect(try HostFile.exists(file) == false)
    }

    /// Disks are rolled back together or not at all, and what is left stays for its owner to look after.
    @Test func withoutASnapshotNothingIsRolledBack() async throws {
        host.host.pools.edit { $0.add("tank/\(vm)-disk1", snapshots: ["later"]) }
        try leave { $0["prepared"] = [.string("tank/\(vm)"), .string("tank/\(vm)-disk1")] }
        let error = await #expect(throws: Failure.self) { try await maker.recover(vm, host.report) }
        #expect(error?.code == .recoveryError && "\(error as Any)".contains("disk1@imgadm-create-pre-prepare"))
        #expect(!machines.isPutBack && host.host.pools.names.contains("tank/\(vm)@imgadm-create-pre-prepare"))
    }

    /// A run that died before there were snapshots has done nothing to a VM whose own script is the same.
    @Test func aVMWhoseOwnScriptItIsIsPutBackWithoutSnapshots() async throws {
        host.host.pools.edit { $0.setSnapshots(of: "tank/\(vm)", to: []) }
        try leave { $0["scripted"] = false }
        try await maker.recoverAll(host.report)
        #expect(machines.isPutBack && host.lines.contains("Recovered VM \(vm)"), "\(host.lines)")
    }

    /// What is told is no step of the run, so that the next command is told the same.
    @Test(arguments: [2, 22, 25, 600]) func whatWasToldIsNoYoungerForThat(hours: Int) async throws {
        try leave(change: Self.aged(hours))
        let before = try written()
        for _ in 0..<2 {
            await expect(.recoveryError, "after \(hours) h") { try await create() }
            try await maker.recoverAll(host.report)
        }
        let after = try written()
        #expect(after["time"] == before["time"] && after["boot"] == before["boot"] && after["told"] == true)
        #expect(!machines.isPutBack && host.lines.filter { $0.contains("more than an hour ago") }.count == 2)
        #expect(host.lines.allSatisfy { $0.contains("imgadm create --recover \(vm)") }, "\(host.lines)")
        try await maker.recover(vm, host.report)
        #expect(machines.isPutBack)
    }

    /// Versions that wrote neither down.
    @Test func whatHasNoTimeGetsNone() async throws {
        try leave { json in for key in ["time", "boot"] { json[key] = nil } }
        for _ in 0..<2 { await expect(.recoveryError, "create") { try await create() } }
        #expect(!machines.isPutBack)
        #expect(try written()["time"] == .null)
    }

    @Test(arguments: ["boot", "told", "clock"]) func theSameCommandAgainIsAsAnyOther(what: String) async throws {
        try leave(told: what == "told") { json in
            if what == "boot" { json["boot"] = "00000000-0000-0000-0000-000000000000" }
            if what == "clock" { Self.aged(-1)(&json) }
        }
        for _ in 0..<2 { await expect(.recoveryError, what) { try await create() } }
        #expect(!machines.isPutBack)
    }

    @Test func whoUsesItIsNamed() async throws {
        try leave()
        machines.use([["process 812 (nginx): its root"]])
        try await maker.recoverAll(host.report)
        #expect(host.lines.count == 1 && host.lines[0].contains("process 812 (nginx): its root"), "\(host.lines)")
        // Who was told may have begun to use it by now.
        machines.use([[]])
        await expect(.recoveryError, "create") { try await create() }
        #expect(!machines.isPutBack)
    }

    /// As `updatedb`, or a process of the script that is just ending.
    @Test func whoPassesByIsNotInTheWay() async throws {
        try leave()
        machines.use(Array(repeating: ["process 812 (du): open file /zones/vm"], count: 8) + [[]])
        try await maker.recover(vm, host.report)
        #expect(machines.isPutBack)
        // Nor is he where nobody asked for it.
        host.host.pools.edit { $0.setSnapshots(of: "tank/\(vm)", to: ["imgadm-create-pre-prepare"]) }
        try leave()
        machines.use(Array(repeating: ["process 812 (du): open file /zones/vm"], count: 8) + [[]])
        try await maker.recoverAll(host.report)
        #expect(host.lines.contains("Recovered VM \(vm)"), "\(host.lines)")
    }

    @Test func whoStaysIsInTheWay() async throws {
        try leave()
        machines.use([["process 812 (nginx): its root"]])
        await expect(.recoveryError, "recover") { try await maker.recover(vm, host.report) }
        #expect(!machines.isPutBack)
        #expect(try written()["told"] == true)
    }
}
