import Failure
import Host
import ImageModel
import JSON
import Testing

@testable import VirtualMachines

/// What `vmadm` says of a VM.
@Suite struct MachineTests {
    private static let uuid = "01b2c898-945f-11e1-a523-af1afbe22822"

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
