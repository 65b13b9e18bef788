import Host
import ImageModel
import JSON
import Synchronization
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// `publish` that was killed is typed again, and completes or says what is in the way (state.md, "Crash safety").
    @Suite struct PublishKillTests {
        /// An image of some size, and an empty server.
        private struct Stage {
            let box: Sandbox
            let uuid = TestUUID.make()
            let server: TestServer
            let registry: RegistryServer?
            var words: [String] { ["publish", "-m", box.path("m").string, "-f", box.path("f").string] }

            static func make(_ storage: ImageStorage) async throws -> Stage {
                // Nobody gives up before he is killed, however busy the machine is.
                let box = try await Sandbox.make(environment: [
                    "IMGADM_PATIENCE": "600", "IMGADM_CONNECT_TIMEOUT": "600", "IMGADM_STALL_TIMEOUT": "600",
                ])
                try HostFile.makeFolder(box.path("server/images"))
                let registry = storage == .registry ? try await RegistryServer() : nil
                let server =
                    if let registry { try TestServer(registry) } else { try TestServer(box.path("server")) }
                let stage = Stage(box: box, server: server, registry: registry)
                try await Tool.shell("head -c 12000000 /dev/urandom > '\(box.path("f"))'")
                try stage.write()
                return stage
            }

            /// Writes the manifest, with spellings that a server changes.
            func write(_ changes: JSONObject = [:]) throws {
                var manifest: JSONObject = [
                    "v": 2, "uuid": .string(uuid), "owner": "352971aa-31ba-496c-9ade-a379feaecd52", "name": "x",
                    "version": "1", "type": "other", "os": "other", "public": "true", "disabled": false,
                    "description": "", "generate_passwords": false, "tags": ["a": 1],
                    "published_at": "2024-01-02T03:04:05Z",
                ]
                for (key, value) in changes { manifest[key] = value }
                try box.write(JSONValue.object(manifest).text(), to: "m")
            }

            func state() async throws -> String? {
                let text = try await Tool.shell("curl -s '\(server.url)/images/\(uuid)'")
                return try JSONValue(parsing: text)["state"]?.stringValue
            }

            /// Waits until something is so, but not for ever: it may never be.
            func wait(until isSo: () async throws -> Bool) async throws {
                let end = ContinuousClock.now + .seconds(300)
                while try await !isSo() {
                    try #require(ContinuousClock.now < end, "it has not come to that")
                    try await Task.sleep(for: .milliseconds(20))
                }
            }

            func expectWhole(_ when: String) async throws {
                #expect(try await state() == "active", "\(when)")
                let sums = try await Tool.shell(
                    "curl -sf '\(server.url)/images/\(uuid)/file' | sha1sum; sha1sum < '\(box.path("f"))'")
                #expect(Set(sums.split(separator: "\n")).count == 1, "\(when): \(sums)")
                guard registry == nil else { return }
                let names = try HostFile.names(in: box.path("server/images")).sorted()
                #expect(names == ["\(uuid).file", "\(uuid).json"], "\(when): \(names)")
            }

            func delete() async throws {
                _ = try await Tool.shell("curl -s -X DELETE '\(server.url)/images/\(uuid)'")
            }
        }

        /// The answer to a step does not come: the server has done it, and the client does not know.
        static let steps = [("action=import", "unactivated"), ("/file?", "unactivated"), ("action=activate", "active")]

        @Test(arguments: steps, ImageStorage.allCases)
        func killedBeforeTheAnswer(step: (path: String, state: String), storage: ImageStorage) async throws {
            let stage = try await Stage.make(storage)
            let proxy = try await FaultProxy(
                to: stage.server.port, path: step.path, [], then: .stall(after: 0))
            let killed = Task { try await stage.box.imgadm(stage.words + [proxy.url], killedAfter: 600) }
            try await stage.wait { !proxy.requests.isEmpty }
            try await stage.wait {
                guard step.path == "/file?" else { return try await stage.state() == step.state }
                let image = try await Tool.shell("curl -s '\(stage.server.url)/images/\(stage.uuid)'")
                return !image.contains("\"files\": []")
            }
            _ = try await Tool.shell("pkill -KILL -f '^[^ ]*imgadm publish .*\(stage.box.path("m"))'")
            #expect(try await killed.value.status != 0)
            let again = try await stage.box.imgadm(stage.words + [stage.server.url])
            if step.state == "active" {
                #expect(again.status == 1 && again.errors.contains("published already"), "\(again)")
            } else {
                #expect(again.status == 0 && again.output.hasPrefix("Going on with image \(stage.uuid)"), "\(again)")
            }
            #expect(again.output.contains("has its file already") == (step.path == "/file?"), "\(again)")
            try await stage.expectWhole(step.path)
        }

        @Test(arguments: ImageStorage.allCases)
        func killedAtAnyMoment(storage: ImageStorage) async throws {
            let stage = try await Stage.make(storage)
            let start = ContinuousClock.now
            #expect(try await stage.box.imgadm(stage.words + [stage.server.url]).status == 0)
            let duration = (ContinuousClock.now - start) / .seconds(1)
            let points = 8
            var killed = 0
            for point in 0..<points {
                try await stage.delete()
                let moment = duration * 1.1 * Double(point + 1) / Double(points)
                let first = try await stage.box.imgadm(stage.words + [stage.server.url], killedAfter: moment)
                if first.status == 137 { killed += 1 }
                let again = try await stage.box.imgadm(stage.words + [stage.server.url])
                let isDone = again.status == 1 && again.errors.contains("published already")
                #expect(again.status == 0 || isDone, "killed at \(moment) s: \(first) then \(again)")
                try await stage.expectWhole("killed at \(moment) s")
            }
            #expect(killed > 0)
        }

        /// A second publish of the same image, which is stopped, takes nothing away from the first: while that is at work, and when it is done.
        @Test(arguments: [false, true])
        func aSecondThatIsStoppedLeavesTheImageToTheFirst(isDone: Bool) async throws {
            let stage = try await Stage.make(.folder)
            let isReleased = Mutex(false)
            let one = try await FaultProxy(
                to: stage.server.port, path: "/file?", [], then: .held { isReleased.withLock { $0 } })
            let two = try await FaultProxy(to: stage.server.port, path: "/file?", [], then: .held { false })
            let first = Task { try await stage.box.imgadm(stage.words + [one.url]) }
            try await stage.wait { !one.requests.isEmpty }
            let second = Task { try await stage.box.imgadm(stage.words + [two.url]) }
            try await stage.wait { !two.requests.isEmpty }
            if isDone {
                isReleased.withLock { $0 = true }
                try await stage.wait { try await stage.state() == "active" }
            }
            _ = try await Tool.shell("pkill -INT -f '^[^ ]*imgadm publish .*\(two.url)'")
            let stopped = try await second.value
            #expect(stopped.status == 130 && stopped.output.contains("Going on with image"), "\(stopped)")
            #expect(stopped.errors.contains("stays half published") == !isDone, "\(stopped)")
            isReleased.withLock { $0 = true }
            let done = try await first.value
            #expect(done.status == 0 && done.output.contains("Successfully published"), "\(done)")
            try await stage.expectWhole("in the end")
        }

        /// The other way round, the first takes away what it has begun; the second begins it anew, wherever it is.
        @Test(arguments: ["/file?", "action=activate"])
        func aFirstThatIsStoppedIsNoEndOfTheSecond(step: String) async throws {
            let stage = try await Stage.make(.folder)
            let isReleased = Mutex(false)
            let one = try await FaultProxy(to: stage.server.port, path: "/file?", [], then: .held { false })
            let two = try await FaultProxy(
                to: stage.server.port, path: step, [], then: .held { isReleased.withLock { $0 } })
            let first = Task { try await stage.box.imgadm(stage.words + [one.url]) }
            try await stage.wait { !one.requests.isEmpty }
            let second = Task { try await stage.box.imgadm(stage.words + [two.url]) }
            try await stage.wait { !two.requests.isEmpty }
            _ = try await Tool.shell("pkill -INT -f '^[^ ]*imgadm publish .*\(one.url)'")
            #expect(try await first.value.status == 130)
            #expect(try await stage.state() == nil)
            isReleased.withLock { $0 = true }
            let done = try await second.value
            #expect(done.status == 0 && done.output.contains("Successfully published"), "\(done)")
            #expect(done.errors.contains("was deleted by the run that had begun it: it is begun anew"), "\(done)")
            try await stage.expectWhole("in the end")
        }

        @Test(arguments: ImageStorage.allCases)
        func anotherImageThatWaitsForItsFileIsLeftAlone(storage: ImageStorage) async throws {
            let stage = try await Stage.make(storage)
            let proxy = try await FaultProxy(to: stage.server.port, path: "/file?", [], then: .drop)
            let killed = Task { try await stage.box.imgadm(stage.words + [proxy.url], killedAfter: 600) }
            try await stage.wait { try await stage.state() == "unactivated" }
            _ = try await Tool.shell("pkill -KILL -f '^[^ ]*imgadm publish .*\(stage.box.path("m"))'")
            _ = try await killed.value
            try stage.write(["name": "y", "tags": ["a": "1"]])
            let other = try await stage.box.imgadm(stage.words + [stage.server.url])
            #expect(other.status == 1 && other.errors.contains("with another name, tags"), "\(other)")
            #expect(try await stage.state() == "unactivated")
            try stage.write()
            #expect(try await stage.box.imgadm(stage.words + [stage.server.url]).status == 0)
            try await stage.expectWhole("in the end")
        }
    }
}
