import Failure
import Host
import ImageModel
import JSON
import Testing
import ZFS

@testable import VirtualMachines

/// What `vmadm` says of a VM.
@Suite struct MachineTests {
    private static let uuid = "01b2c898-945f-11e1-a523-af1afbe22822"

    private func machine(_ disks: JSONValue) throws -> Machine {
        try #require(
            Machine(json: [
                "uuid": .string(MachineTests.uuid), "brand": "bhyve", "state": "stopped", "zfs_filesystem": "zones/vm",
                "disks": disks,
            ]))
    }

    @Test func theDiskThatItBootsFromComesFirst() throws {
        let machine = try machine([
            ["path": "/a", "zfs_filesystem": "zones/vm/disk0"],
            ["path": "/b", "zfs_filesystem": "zones/vm/disk1", "boot": true],
            ["path": "/cd.iso", "media": "cdrom", "boot": true],
        ])
        #expect(try machine.imaged().dataset.description == "zones/vm/disk1")
        #expect(machine.datasets.map(\.description) == ["zones/vm", "zones/vm/disk1", "zones/vm/disk0"])
        #expect(throws: Never.self) { try machine.checkCanBeRolledBack() }
    }

    @Test(arguments: [["path": "/dev/raw"], ["path": "/dev/raw", "zfs_filesystem": "/no/name"]] as [JSONObject])
    func aDiskWithoutADatasetIsNotPassedOver(disk: JSONObject) throws {
        var boot = disk
        boot["boot"] = true
        let other: JSONValue = ["path": "/a", "zfs_filesystem": "zones/vm/disk0"]
        let refused = try machine([other, .object(boot)])
        let failure = #expect(throws: Failure.self) { try refused.imaged() }
        #expect(failure?.code == .vmManager && failure?.message.contains("\"/dev/raw\"") == true)
        // Of another one an image can be made, where nothing is done to the disk.
        let second = try machine([other, .object(disk)])
        #expect(try second.imaged().dataset.description == "zones/vm/disk0")
        #expect(throws: Failure.self) { try second.checkCanBeRolledBack() }
    }

    private static let complaints = [
        "Failed to get VM: No such zone configured\n", "VM \(uuid) not found\n", "zoneadmd: door not found\n",
    ]

    /// A VM that is there is never taken for one that has gone: what a run was doing to it would be forgotten.
    @Test(arguments: complaints, [true, false])
    func whetherItIsThereIsToldByTheList(complaint: String, isListed: Bool) async throws {
        let uuid = try #require(ImageUUID(MachineTests.uuid))
        let host = FakeZones(answering: { command in
            guard command.arguments.first == "list" else {
                return CommandOutcome(ending: .exited(1), output: [], errorText: complaint)
            }
            return CommandOutcome(ending: .exited(0), output: Array("\(isListed ? MachineTests.uuid : "")\n".utf8))
        })
        let vmadm = Vmadm(runner: host, patience: .seconds(1))
        let error = await #expect(throws: (any Error).self) { try await vmadm.machine(uuid) }
        #expect((error is NoSuchMachine) == !isListed)
        #expect(host.calls == [["vmadm", "get", uuid.description], ["vmadm", "list", "-H", "-o", "uuid"]])
    }

    @Test func aListThatFailsTellsNothing() async throws {
        let uuid = try #require(ImageUUID(MachineTests.uuid))
        let host = FakeZones(CommandOutcome(ending: .exited(1), output: [], errorText: "not found\n"))
        let failure = await #expect(throws: Failure.self) {
            try await Vmadm(runner: host, patience: .seconds(1)).machine(uuid)
        }
        #expect(failure?.code == .vmManager)
    }
}
