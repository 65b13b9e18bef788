import Crypto
import Failure
import Glibc
import Host
import ImageCatalog
import ImageModel
import JSON
import Logging
import NIOCore
import RawBytes
import Synchronization
import SystemPackage
import Testing

/// Several servers, or a server and a mirror, that change the images of one folder. Each opening of it has locks of its own, as each process has.
@Suite struct SharedFolderTests {
    private static func repository(_ root: ImageRoot, patience: Duration = .seconds(600)) throws -> FolderRepository {
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try FolderRepository(root: root.path, mode: .public, patience: patience, logger: silent)
    }

    /// Notes in a manifest that something was there.
    private static func note(_ name: String, in image: ImageUUID, of server: FolderRepository) async throws {
        try await server.change(image) { stored in
            var new = stored ?? [:]
            new["x-\(name)"] = true
            // Long enough for another to read what was there.
            usleep(2000)
            return new
        }
    }

    private static func notes(_ image: ImageUUID, _ root: ImageRoot) throws -> [String] {
        let bytes = try #require(try HostFile.read(root.path.appending("images/\(image).json")))
        return try #require(try JSONValue(parsing: bytes).objectValue).map(\.0).filter { $0.hasPrefix("x-") }
    }

    /// What each of them reads is what the others have written.
    @Test(.timeLimit(.minutes(20))) func noChangeIsLost() async throws {
        let root = try ImageRoot()
        let images = [ImageUUID(), ImageUUID()]
        for image in images { try root.add(image) }
        let servers = [try Self.repository(root), try Self.repository(root), try Self.repository(root)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, server) in servers.enumerated() {
                for round in 0..<10 {
                    group.addTask {
                        for image in images { try await Self.note("\(place)-\(round)", in: image, of: server) }
                    }
                }
            }
            try await group.waitForAll()
        }
        for image in images { #expect(try Self.notes(image, root).count == 30) }
    }

    /// What was not begun in time is not made later; another image, and the same one afterwards, is changed.
    @Test(.timeLimit(.minutes(20))) func whatCannotBeginInTimeIsDropped() async throws {
        let root = try ImageRoot()
        let (image, other) = (ImageUUID(), ImageUUID())
        for image in [image, other] { try root.add(image) }
        let (holder, server) = (try Self.repository(root), try Self.repository(root, patience: .milliseconds(200)))
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await holder.change(image) { stored in
                    gate.isHeld.store(true, ordering: .releasing)
                    while !gate.mayEnd.load(ordering: .acquiring) { usleep(1000) }
                    return stored
                }
            }
            while !gate.isHeld.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(1)) }
            let error = await #expect(throws: Failure.self) { try await Self.note("late", in: image, of: server) }
            #expect(error?.code == .lockTimeout)
            try await Self.note("beside", in: other, of: server)
            gate.mayEnd.store(true, ordering: .releasing)
            try await group.waitForAll()
        }
        try await Self.note("after", in: image, of: server)
        #expect(try Self.notes(image, root) == ["x-after"])
        #expect(try Self.notes(other, root) == ["x-beside"])
    }

    /// Two mirrors that fetch one image at the same time: the second one changes nothing, not for a moment.
    @Test func theSameImageOnceMoreChangesNothing() async throws {
        let root = try ImageRoot()
        let bytes = [UInt8](repeating: 7, count: 1000)
        let image = ImageUUID()
        let json: JSONObject = [
            "v": 2, "uuid": .string("\(image)"), "owner": .string("\(ImageUUID.zero)"), "name": "a", "version": "1",
            "state": "active", "disabled": false, "public": true, "published_at": "2024-01-01T00:00:00Z",
            "type": "zone-dataset", "os": "smartos",
            "files": [
                [
                    "size": .number(JSONNumber(bytes.count)), "compression": "none",
                    "sha1": .string(Hexadecimal.text(Insecure.SHA1.hash(data: bytes))),
                ]
            ],
        ]
        let manifest = try Manifest(json)
        let path = root.path.appending("images/\(image).json")
        var written: (inode: UInt64, bytes: [UInt8]?)?
        for mirror in ["one", "another"] {
            var rest = [ByteBuffer(bytes: bytes)]
            try await ImageIntake(try Self.repository(root)).take(manifest, by: mirror) { rest.popLast() }
            let now = (UInt64(try path.stat().rawValue.st_ino), try HostFile.read(path))
            if let written { #expect(now.0 == written.inode && now.1 == written.bytes) }
            written = now
            #expect(try HostFile.read(root.path.appending("images/\(image).file")) == bytes)
        }
        #expect(try HostFile.names(in: root.path.appending("images")).count == 2)
    }

    /// Whoever could open the locks could keep everybody from changing anything.
    @Test func nobodyElseCanTakeTheLocks() async throws {
        let root = try ImageRoot()
        try await Self.note("first", in: ImageUUID(), of: try Self.repository(root))
        let folder = try root.path.appending(".locks").stat(followTargetSymlink: false)
        #expect(folder.type == .directory && folder.permissions == .ownerReadWriteExecute)
        let file = try root.path.appending(".locks/locks").stat(followTargetSymlink: false)
        #expect(file.permissions == .ownerReadWrite)
    }

    @Test func whereThereCanBeNoLocksImagesAreChangedWithout() async throws {
        let root = try ImageRoot()
        try root.write("in the way", to: ".locks")
        let image = ImageUUID()
        try await Self.note("first", in: image, of: try Self.repository(root))
        #expect(try Self.notes(image, root) == ["x-first"])
    }
}

private final class Gate: Sendable {
    let isHeld = Atomic(false)
    let mayEnd = Atomic(false)
}
