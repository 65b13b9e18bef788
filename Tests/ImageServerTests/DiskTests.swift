import Glibc
import Host
import ImageModel
import ImageServer
import JSON
import SystemPackage
import TestHost
import Testing

/// A disk that is full, or cannot be written. Needs root, since it mounts a small one.
@Suite(.serialized, .enabled(if: getuid() == 0)) struct DiskTests {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c101"
    private static let manifest =
        "{\"v\":2,\"uuid\":\"\(uuid)\",\"name\":\"x\",\"version\":\"1\",\"type\":\"other\",\"os\":\"other\",\"public\":true}"

    /// A server on a file system of one megabyte.
    private static func onSmallDisk(_ body: (RunningServer, FilePath) async throws -> Void) async throws {
        let folder = TestFolder.make("disk")
        try await Tool.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.string)
        do {
            let server = try TestServer(folder)
            try await body(RunningServer(port: server.port), folder)
        } catch {
            try await Tool.run("umount", "-l", folder.string)
            TestFolder.remove(folder)
            throw error
        }
        try await Tool.run("umount", "-l", folder.string)
        TestFolder.remove(folder)
    }

    @Test func aFullDiskIsSaidAndNothingStays() async throws {
        try await Self.onSmallDisk { server, folder in
            let image = "/images/\(Self.uuid)"
            #expect(try await server.send("POST", "\(image)?action=import", body: Self.manifest).status == 200)
            #expect(try await server.send("PUT", "\(image)/file?compression=none", body: "small").status == 200)
            let large = String(repeating: "x", count: 2 << 20)
            let full = try await server.send("PUT", "\(image)/file?compression=none", body: large)
            #expect(full.status == 507 && full.code == "InsufficientStorage", "\(full)")
            #expect(
                try HostFile.names(in: folder.appending("images")).sorted() == [
                    "\(Self.uuid).file", "\(Self.uuid).json",
                ])
            #expect(try await server.get("\(image)/file").text == "small")
            // There is room again, since nothing was left.
            let fits = String(repeating: "y", count: 500_000)
            #expect(try await server.send("PUT", "\(image)/file?compression=none", body: fits).status == 200)
            #expect(try await server.get("\(image)/file").text == fits)
        }
    }

    @Test func aDiskThatCannotBeWrittenStillServes() async throws {
        try await Self.onSmallDisk { server, folder in
            let image = "/images/\(Self.uuid)"
            #expect(try await server.send("POST", "\(image)?action=import", body: Self.manifest).status == 200)
            #expect(try await server.send("PUT", "\(image)/file?compression=none", body: "small").status == 200)
            try await Tool.run("mount", "-o", "remount,ro", folder.string)
            for (method, target, body) in [
                ("PUT", "\(image)/file?compression=none", "other"), ("POST", "\(image)?action=activate", "{}"),
                ("POST", "\(image)?action=update", "{\"name\":\"y\"}"), ("DELETE", image, ""),
            ] {
                let reply = try await server.send(method, target, body: body)
                // It is none that passes.
                #expect(
                    reply.status == 405 && reply.code == "MethodNotAllowedError"
                        && reply.text.contains("cannot be changed"), "\(method) \(target): \(reply)")
            }
            #expect(try await server.get(image).json?["name"] == "x")
            #expect(try await server.get("\(image)/file").text == "small")
        }
    }
}
