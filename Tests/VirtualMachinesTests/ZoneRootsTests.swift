import Failure
import Host
import Testing
import VirtualMachines

/// Whether the host has a VM manager decides whether it is asked.
@Suite struct ZoneRootsTests {
    private static let hasZones = ExecutableSearch.find("zoneadm") != nil
    private static let list = Array("0:global:running:/::liveimg:shared\n-:a:installed:/zones/a:u:lx:excl\n".utf8)

    @Test(.enabled(if: !hasZones, "this host has zoneadm"))
    func aHostWithoutAManagerHasNoRootsAndIsNotAsked() async throws {
        let host = FakeZones(CommandOutcome(ending: .exited(0), output: ZoneRootsTests.list))
        #expect(try await ZoneRoots(runner: host).rootFolders() == [])
        #expect(host.calls == [])
    }

    @Test(.enabled(if: hasZones, "this host has no zoneadm"))
    func aHostWithAManagerIsAskedOnce() async throws {
        let host = FakeZones(CommandOutcome(ending: .exited(0), output: ZoneRootsTests.list))
        #expect(try await ZoneRoots(runner: host).rootFolders() == ["/zones/a"])
        #expect(host.calls == [["zoneadm", "list", "-pc"]])
    }

    /// A list that is not whole would make images of VMs.
    @Test(.enabled(if: hasZones, "this host has no zoneadm"))
    func aManagerThatFailsIsAFailure() async throws {
        let host = FakeZones(
            CommandOutcome(ending: .exited(1), output: ZoneRootsTests.list, errorText: "zoneadm: no door\n"))
        let failure = await #expect(throws: Failure.self) { try await ZoneRoots(runner: host).rootFolders() }
        #expect(failure?.code == .commandFailed && failure?.description.contains("no door") == true)
    }
}
