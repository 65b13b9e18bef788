import Host
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `kill -9` while an image is made: the next imgadm puts the VM back (create.md, "Whatever happens").
    @Suite struct CreateKillTests {
        static let points = 12

        @Test func createMayBeKilledAtAnyMoment() async throws {
            let box = try await Sandbox.make()
            let vm = try await BareMachine.make(in: box)
            try box.write(
                BareMachine.script(
                    "echo prepared > /etc/state; rm /noise; sleep 0.1; mdata-put prepare-image:state success"),
                to: "script")
            let command =
                ["create", "-f", "-c", "gzip", "-s", box.path("script").string, "-o", box.path("made").string, vm.uuid]
                + BareMachine.fields
            let before = try await vm.everything()
            var start = ContinuousClock.now
            #expect(try await box.imgadm(command).status == 0)
            var duration = (ContinuousClock.now - start) / .seconds(1)
            var killed = 0
            for point in 0..<CreateKillTests.points {
                // Late moments and early ones by turns, since a run that came to its end tells how long it really takes.
                let place = (point * 5 + 11) % CreateKillTests.points
                let moment = duration * 1.1 * Double(place + 1) / Double(CreateKillTests.points)
                start = .now
                if try await box.imgadm(command, killedAfter: moment).status != 0 {
                    killed += 1
                } else {
                    duration = min(duration, (ContinuousClock.now - start) / .seconds(1))
                }
                try await box.settle()
                let next = try await box.imgadm("list", "-H")
                // The machine is no clone of an image, so `list` warns that it may be none; of nothing else.
                let warnings = next.errors.split(separator: "\n").filter {
                    $0.contains("warning") && !$0.contains("may be no image")
                }
                #expect(next.status == 0 && warnings.isEmpty, "killed at \(moment) s: \(next)")
                let after = try await vm.everything()
                #expect(Set(after).symmetricDifference(before).isEmpty, "killed at \(moment) s: \(next)")
                #expect(
                    try HostFile.names(in: box.root).allSatisfy { !$0.hasSuffix(".partial") && !$0.hasSuffix(".tmp") })
                #expect(try box.leftovers().isEmpty, "killed at \(moment) s: \((try? box.leftovers()) ?? [])")
            }
            // How many met it depends on what else the machine does.
            #expect(killed > 0)
            // And it works as ever.
            let last = try await box.imgadm(command)
            #expect(last.status == 0, "\(last)")
            #expect(try await vm.everything() == before)
        }
    }
}
