import Crypto
import Glibc
import Host
import ImageModel
import JSON
import NIOCore
import RawBytes
import Synchronization
import SystemPackage
import TestHost
import Testing

/// The server may be killed at any moment: what it serves afterwards is whole.
@Suite(.serialized) struct ServerKillTests {
    private static func manifest(_ uuid: ImageUUID) -> String {
        "{\"v\":2,\"uuid\":\"\(uuid)\",\"name\":\"x\",\"version\":\"1\",\"type\":\"other\",\"os\":\"other\",\"public\":true}"
    }

    /// Every image that is active has the file of its manifest, and what has a file has all of it.
    ///
    /// - Parameter server: one that was started after the death.
    private static func check(_ folder: FilePath, by server: TestServer) async throws {
        let running = RunningServer(port: server.port)
        for image in try await running.get("/images").json?.arrayValue ?? [] {
            let uuid = image["uuid"]?.stringValue ?? ""
            #expect(image["state"] == "active")
            #expect(image["files"]?.arrayValue?.count == 1, "\(image.text())")
            let file = try await running.get("/images/\(uuid)/file")
            #expect(file.status == 200 && file.body.count == image["files"]?[0]?["size"]?.intValue)
            #expect(Hexadecimal.text(Insecure.SHA1.hash(data: file.body)) == image["files"]?[0]?["sha1"]?.stringValue)
        }
        let names = try HostFile.names(in: folder.appending("images"))
        #expect(!names.contains { $0.hasPrefix(".upload-") }, "\(names)")
    }

    /// How far one of those that publish has come.
    private enum Step { case made, active }

    /// What a server has said that it has done.
    private final class Promises: Sendable {
        private let steps = Mutex<[ImageUUID: Step]>([:])

        func note(_ step: Step, of uuid: ImageUUID) { steps.withLock { $0[uuid] = step } }

        /// It is so.
        func check(in folder: FilePath, by server: TestServer) async throws {
            for (uuid, step) in steps.withLock(\.self) {
                #expect(try HostFile.exists(folder.appending("images/\(uuid).json")), "\(uuid) was made")
                guard step == .active else { continue }
                let image = try await RunningServer(port: server.port).get("/images/\(uuid)")
                #expect(image.json?["state"] == "active", "\(uuid) was activated: \(image)")
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func killsAtAnyMoment() async throws {
        let folder = TestFolder.make("kill")
        defer { TestFolder.remove(folder) }
        let bytes = TestBytes.make(3_000_000)
        let promises = Promises()
        // The one that shows what a death has left is the next to die.
        var server = try TestServer(folder)
        for round in 0..<9 {
            let (dying, running) = (server, RunningServer(port: server.port))
            let (steps, tell) = AsyncStream.makeStream(of: Step.self)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        let uuid = ImageUUID()
                        let image = "/images/\(uuid)"
                        do {
                            for _ in 0..<2 {
                                let made = try await running.send(
                                    "POST", "\(image)?action=import", body: Self.manifest(uuid))
                                if made.status == 200 {
                                    promises.note(.made, of: uuid)
                                    tell.yield(.made)
                                }
                                _ = try await running.send(
                                    "PUT", "\(image)/file?compression=none",
                                    bytes: Array(bytes.dropFirst(Int.random(in: 0..<1_000_000)).prefix(2_000_000)),
                                    ["Content-Length": "2000000"])
                            }
                            let active = try await running.send("POST", "\(image)?action=activate", body: "{}")
                            if active.status == 200 {
                                promises.note(.active, of: uuid)
                                tell.yield(.active)
                            }
                        } catch {}  // the server is gone
                    }
                }
                group.addTask {
                    // How far anyone has come by then is the machine's affair, but for the moments that are named.
                    switch round % 3 {
                    case 0: for await step in steps where step == .active { break }
                    case 1: for await step in steps where step == .made { break }
                    default: try? await Task.sleep(for: .milliseconds(20 + round * 80))
                    }
                    dying.kill()
                }
            }
            server = try TestServer(folder)
            try await Self.check(folder, by: server)
            try await promises.check(in: folder, by: server)
        }
    }

    @Test func aSecondServerLeavesTheUploadsOfTheFirst() async throws {
        let folder = TestFolder.make("two")
        defer { TestFolder.remove(folder) }
        let uuid = ImageUUID()
        let first = try TestServer(folder)
        let running = RunningServer(port: first.port)
        let image = "/images/\(uuid)"
        #expect(try await running.send("POST", "\(image)?action=import", body: Self.manifest(uuid)).status == 200)
        let channel = try await running.connect()
        let reply = try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(
                .init(
                    string:
                        "PUT \(image)/file?compression=none HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhello"
                ))
            // One that is refused is told below.
            let end = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < end,
                try !HostFile.names(in: folder.appending("images")).contains(where: { $0.hasPrefix(".upload-") })
            {
                try await Task.sleep(for: .milliseconds(10))
            }
            let second = try TestServer(folder)
            withExtendedLifetime(second) {}
            try await outbound.write(.init(string: "world"))
            var bytes: [UInt8] = []
            for try await part in inbound { bytes += Array(buffer: part) }
            return Reply(bytes)
        }
        #expect(reply.status == 200, "\(reply)")
        #expect(try await running.get("\(image)/file").text == "helloworld")
    }
}
