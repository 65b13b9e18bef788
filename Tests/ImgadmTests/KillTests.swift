import TestHost
import Testing

extension EndToEnd {
    /// `kill -9` at any moment: only whole images are shown, and the same command then succeeds (state.md, "Crash safety").
    @Suite struct KillTests {
        /// How many moments of each command, spread evenly over its run: a sample of what `make test-kills` does.
        static let points = 12

        private func seconds(_ work: () async throws -> Void) async throws -> Double {
            let start = ContinuousClock.now
            try await work()
            return (ContinuousClock.now - start) / .seconds(1)
        }

        @Test func importMayBeKilledAtAnyMoment() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let chain = [images.base, images.middle, images.top].map(\.uuid)
            let whole = Set(chain.flatMap { [$0, "\($0)@final"] })
            let duration = try await seconds {
                let run = try await box.imgadm("import", images.top.uuid)
                #expect(run.status == 0, "\(run)")
            }
            try await delete(chain, in: box)
            var killed = 0
            for point in 0..<KillTests.points {
                let moment = duration * 1.1 * Double(point + 1) / Double(KillTests.points)
                if try await box.imgadm(["import", images.top.uuid], killedAfter: moment).status != 0 { killed += 1 }
                try await expectWholeImages(of: chain, in: box, "killed at \(moment) s")
                let again = try await box.imgadm("import", images.top.uuid)
                #expect(again.status == 0, "after a kill at \(moment) s: \(again)")
                #expect(Set(try await box.datasets()) == whole, "after a kill at \(moment) s")
                #expect(try box.recordNames().count == 3)
                #expect(try box.leftovers().isEmpty, "after a kill at \(moment) s: \((try? box.leftovers()) ?? [])")
                try await delete(chain, in: box)
            }
            // How many met it depends on what else the machine does.
            #expect(killed > 0)
        }

        @Test func deleteMayBeKilledAtAnyMoment() async throws {
            let images = try await Fixture.get()
            let box = try await Sandbox.make()
            try box.use(images.server.url)
            let uuid = images.base.uuid
            _ = try await box.imgadm("import", uuid)
            let duration = try await seconds {
                let run = try await box.imgadm("delete", uuid)
                #expect(run.status == 0, "\(run)")
            }
            var killed = 0
            for point in 0..<KillTests.points {
                let moment = duration * 1.2 * Double(point + 1) / Double(KillTests.points)
                #expect(try await box.imgadm("import", uuid).status == 0)
                let first = try await box.imgadm(["delete", uuid], killedAfter: moment)
                if first.status != 0 { killed += 1 }
                try await expectWholeImages(of: [uuid], in: box, "killed at \(moment) s")
                let again = try await box.imgadm("delete", uuid)
                // A run that had come to its end leaves nothing to delete.
                #expect(again.status == 0 || again.status == 3, "after a kill at \(moment) s: \(again)")
                #expect(try await box.datasets().isEmpty, "after a kill at \(moment) s")
                #expect(try box.recordNames().isEmpty)
                #expect(try box.leftovers().isEmpty, "after a kill at \(moment) s: \((try? box.leftovers()) ?? [])")
            }
            // How many met it depends on what else the machine does.
            #expect(killed > 0)
        }

        private func expectWholeImages(of chain: [String], in box: Sandbox, _ when: String) async throws {
            try await box.settle()
            let list = try await box.imgadm("list", "-Ho", "uuid,name", "zpool=\(box.pool)")
            #expect(list.status == 0, "\(when): \(list)")
            let datasets = Set(try await box.datasets())
            for line in list.lines {
                let uuid = String(line.prefix(36))
                #expect(chain.contains(uuid), "\(when): \(line)")
                #expect(datasets.contains("\(uuid)@final"), "\(when): \(line) has no snapshot")
                #expect(!line.hasSuffix("-"), "\(when): \(line) has no manifest")
            }
        }

        private func delete(_ chain: [String], in box: Sandbox) async throws {
            for uuid in chain.reversed() { #expect(try await box.imgadm("delete", uuid).status == 0) }
        }
    }
}
