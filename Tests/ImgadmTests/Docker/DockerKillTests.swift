import TestHost
import Testing

extension EndToEnd {
    /// `kill -9` while layers are unpacked: only whole layers stay, and the same command then succeeds.
    @Suite struct DockerKillTests {
        static let points = 12

        @Test func importMayBeKilledAtAnyMoment() async throws {
            let registry = try await RegistryFixture.get().registry
            let layers = [
                try await registry.layer(
                    "kill", "head -c 3000000 /dev/urandom > noise; for i in $(seq 300); do echo $i > $i; done"),
                try await registry.layer(
                    "kill", "rm -f noise; touch .wh.noise; for i in $(seq 300); do echo new > $i; done"),
            ]
            try await registry.image("kill", "1", layers)
            let uuids = try await RegistryFixture.uuids(layers)
            let whole = Set(uuids.flatMap { [$0, "\($0)@final"] })
            let box = try await Sandbox.make()
            let reference = "\(registry.host)/kill:1"
            let start = ContinuousClock.now
            #expect(try await box.imgadm("import", reference).status == 0)
            let duration = (ContinuousClock.now - start) / .seconds(1)
            for uuid in uuids.reversed() { #expect(try await box.imgadm("delete", uuid).status == 0) }
            var killed = 0
            for point in 0..<DockerKillTests.points {
                let moment = duration * 1.1 * Double(point + 1) / Double(DockerKillTests.points)
                if try await box.imgadm(["import", reference], killedAfter: moment).status != 0 { killed += 1 }
                try await box.settle()
                let list = try await box.imgadm("list", "-Ho", "uuid,name", "zpool=\(box.pool)")
                #expect(list.lines.allSatisfy { $0.hasSuffix("docker-layer") }, "killed at \(moment) s: \(list)")
                let again = try await box.imgadm("import", reference)
                #expect(again.status == 0, "after a kill at \(moment) s: \(again)")
                #expect(Set(try await box.datasets()) == whole, "after a kill at \(moment) s")
                #expect(try box.leftovers().isEmpty, "after a kill at \(moment) s: \((try? box.leftovers()) ?? [])")
                #expect(try await box.imgadm("list", "--docker", "-Ho", "tag").status <= 2)
                try await expectWholeTree(of: uuids[1], in: box, "after a kill at \(moment) s")
                for uuid in uuids.reversed() {
                    let deleted = try await box.imgadm("delete", uuid)
                    #expect(deleted.status == 0, "after a kill at \(moment) s: \(deleted)")
                }
            }
            // How many met it depends on what else the machine does.
            #expect(killed > 0)
        }

        /// As a VM sees it, whether the image itself is mounted or not.
        private func expectWholeTree(of uuid: String, in box: Sandbox, _ when: String) async throws {
            try await Tool.run("zfs", "clone", "\(box.pool)/\(uuid)@final", "\(box.pool)/vm")
            let root = try await box.rootFolder("vm")
            #expect(try await Tool.shell("cd '\(root)' && ls | wc -l && sort -u *") == "300\nnew\n", "\(when)")
            // What was read just now is busy for a moment.
            try await Tool.shell(
                "for i in $(seq 1000); do zfs destroy \(box.pool)/vm 2>/dev/null && exit 0; sleep 0.05; done; exit 1")
        }
    }
}
