import Crypto
import Failure
import ImageModel
import JSON
import RawBytes
import SendStream
import SystemPackage
import TestHost
import Testing
import VirtualMachines
import ZFS

@testable import Host
@testable import ImageStore

/// A host with a pool in memory and its state in a folder of its own, which goes with it.
final class MemoryHost {
    let pools: MemoryZFS
    let root: HostRoot
    let pool: PoolName
    private let folder: FilePath

    /// A VM manager without VMs.
    private struct NoMachines: VirtualMachineRoots {
        func rootFolders() async throws -> Set<String> { [] }
    }

    /// - Parameter pools: those of another state root.
    init(sharing pools: MemoryZFS = MemoryZFS(pools: ["tank", "other"])) throws {
        self.pools = pools
        folder = TestFolder.make("store")
        root = HostRoot(folder)
        pool = try PoolName(checking: "tank")
        try HostFile.makeFolder(root.records)
    }

    deinit { TestFolder.remove(folder) }

    /// Another run of the program on this host.
    var store: ImageStore {
        ImageStore(
            root: root, runner: pools, zfs: pools.zfs, machines: NoMachines(), lockPatience: .zero,
            log: MemoryZFS.silent)
    }

    /// Does something in a run that is killed before it changes something for so many more times.
    ///
    /// - Returns: whether it came to that.
    func killed(after moment: Int, _ work: () async throws -> some Any) async throws -> Bool {
        pools.kill(after: moment)
        defer { pools.kill(after: nil) }
        do {
            _ = try await work()
            return false
        } catch is MemoryZFS.Killed {
            return true
        } catch let error as Failure {
            // What could not be put right any more is told with what went wrong.
            #expect(error.cause is MemoryZFS.Killed, "\(error)")
            return true
        }
    }

    /// The UUIDs of the images, as another run lists them.
    func images() async throws -> Set<ImageUUID> { Set(try await store.images(in: pool).map(\.uuid)) }

    /// Something of an image is there, as another run sees it.
    func isPresent(_ uuid: ImageUUID) async throws -> Bool {
        let store = store
        return try await store.isPresent(uuid, in: try await store.look(for: [uuid], in: pool))
    }

    /// The names of the records.
    func records() throws -> Set<String> { Set(try HostFile.names(in: root.records)) }

    /// Installs an image of a volume.
    func install(_ image: TestVolume, tell: (String) -> Void = { _ in }) async throws {
        let uuid = image.manifest.uuid
        let store = store
        let lock = try await store.lock(uuid, in: pool) { _ in }
        defer { lock.release() }
        try await store.install(
            ImageToInstall(
                manifest: image.manifest, source: "https://images.example", pool: pool,
                check: ImageFileCheck(of: image.manifest), content: .zfsStream, compression: nil,
                limits: LayerLimits()),
            opening: { BytesReader(image.file) }, tell: tell, settling: { _ in image.manifest })
    }

    /// Deletes an image.
    @discardableResult
    func delete(_ uuid: ImageUUID, force: Bool = false, tell: (String) -> Void = { _ in }) async throws -> Bool {
        let store = store
        let lock = try await store.lock(uuid, in: pool) { _ in }
        defer { lock.release() }
        return try await store.delete(uuid, in: pool, force: force, tell: tell)
    }
}

/// An image file in memory.
struct BytesReader: ImageFileReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        guard !rest.isEmpty else { return false }
        // Records come apart anywhere.
        let piece = Array(rest.prefix(100))
        rest = rest.dropFirst(100)
        try unsafe body(piece.span.bytes)
        return true
    }
}

/// An image of a volume, with its file.
struct TestVolume {
    let manifest: Manifest
    let file: [UInt8]
    let guid: UInt64

    /// Another file under the manifest of an image.
    ///
    /// - Parameter base: what the manifest says that it builds on.
    init(of file: [UInt8], like image: TestVolume, on base: TestVolume) throws {
        self.file = file
        guid = image.guid
        var json = image.manifest.json
        json["uuid"] = .string(ImageUUID().description)
        json["origin"] = .string(base.manifest.uuid.description)
        manifest = try Manifest(json)
    }

    /// - Parameter base: what it builds on.
    init(on base: TestVolume? = nil) throws {
        guid = UInt64.random(in: 1 ... .max)
        var snapshot = VolumeSnapshot(
            name: "images/a@final", guid: guid, created: 1_700_000_000, size: 1 << 20, blockSize: 8192)
        snapshot.origin = try base.map { .init(guid: $0.guid, size: try snapshot.volumeSize()) }
        var output = Bytes()
        var writer = try VolumeWriter(snapshot)
        try writer.begin(to: &output)
        let block = [UInt8](repeating: base == nil ? 1 : 2, count: 8192)
        try unsafe writer.write(block.span.bytes, at: 0, to: &output)
        try writer.finish(to: &output)
        try writer.end(to: &output)
        file = output.bytes
        var json: JSONObject = [
            "v": 2, "uuid": .string(ImageUUID().description), "owner": "00000000-0000-0000-0000-000000000000",
            "name": "disk", "version": "1", "state": "active", "disabled": false, "public": true, "type": "zvol",
            "os": "linux", "image_size": 1, "disk_driver": "virtio", "nic_driver": "virtio",
            "published_at": "2024-01-01T00:00:00Z",
            "files": .array([
                .object([
                    "size": .number(JSONNumber(file.count)), "compression": "none",
                    "sha1": .string(Hexadecimal.text(Insecure.SHA1.hash(data: file))),
                ])
            ]),
        ]
        if let base { json["origin"] = .string(base.manifest.uuid.description) }
        manifest = try Manifest(json)
    }

    private struct Bytes: StreamSink {
        var bytes: [UInt8] = []
        mutating func write(_ part: RawSpan) { unsafe part.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    }
}
