import Failure
import Glibc
import Host
import ImageCatalog
import ImageModel
import JSON
import Logging
import SystemPackage
import TestHost
import Testing

/// Several servers, or a server and a mirror, that change the images of one folder.
@Suite struct SharedFolderTests {
    private static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    private static func repository(_ root: ImageRoot, patience: Duration = .seconds(600)) throws -> FolderRepository {
        try FolderRepository(root: root.path, mode: .public, lockPatience: patience, logger: silent)
    }

    /// What each of them reads is what the others have written.
    @Test(.timeLimit(.minutes(30))) func noChangeIsLost() async throws {
        let root = try ImageRoot()
        let images = [ImageUUID(), ImageUUID()]
        for image in images { try root.add(image) }
        let servers = [try Self.repository(root), try Self.repository(root), try Self.repository(root)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, server) in servers.enumerated() {
                for round in 0..<10 {
                    group.addTask {
                        for image in images {
                            try await server.change(image) { stored in
                                var new = stored ?? [:]
                                new["x-\(place)-\(round)"] = true
                                // Long enough for another to read what was there.
                                usleep(2000)
                                return new
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for image in images {
            let bytes = try #require(try HostFile.read(root.path.appending("images/\(image).json")))
            let fields = try #require(try JSONValue(parsing: bytes).objectValue).filter { $0.0.hasPrefix("x-") }
            #expect(fields.count == 30)
        }
    }

    /// One that hangs is named, and whoever comes after it has ended changes the folder.
    @Test(.timeLimit(.minutes(30))) func whoeverHasTheFolderIsNamed() async throws {
        let root = try ImageRoot()
        let image = ImageUUID()
        try root.add(image)
        let server = try Self.repository(root, patience: .milliseconds(200))
        @Sendable func change() async throws {
            try await server.change(image) { stored in
                var new = stored ?? [:]
                new["seen"] = true
                return new
            }
        }
        let (held, end) = (root.path.appending("held"), root.path.appending("end"))
        let holder = Task {
            try await Tool.run(
                "flock", "-x", root.path.appending("images").string, "sh", "-c",
                "touch '\(held)'; until test -e '\(end)'; do sleep 0.05; done")
        }
        while try !HostFile.exists(held) { try await Task.sleep(for: .milliseconds(5)) }
        let error = await #expect(throws: Failure.self) { try await change() }
        #expect(
            error?.code == .lockTimeout && error?.description.contains("(flock -x)") == true
                && error?.description.contains("/images\" is locked by process") == true, "\(String(describing: error))"
        )
        try root.write("", to: "end")
        _ = try await holder.value
        try await change()
    }
}
