import Failure
import Host
import HostConfig
import ImageModel
import ImageSource
import JSON
import OCIRegistry
import Synchronization
import SystemPackage
import TestClock
import TestHost
import TestPools
import Testing
import Transport
import ZFS

@testable import ImageTool

/// A host with a pool in memory, whose one source is an image server in memory.
final class ToolHost {
    let host: MemoryHost
    let server = MemoryServer()
    private let told = Told()
    private let folder = TestFolder.make("tool")

    init() throws {
        host = try MemoryHost()
        try HostFile.write(
            Array(#"{"sources":[{"url":"http://images.example","type":"imgapi"}]}"#.utf8), to: host.root.config)
    }

    deinit { TestFolder.remove(folder) }

    /// Another run of the program.
    var tool: ImageTool {
        var settings = TransportSettings()
        settings.patience = .zero
        settings.clock = SteppingClock()
        let transport = Transport(sender: server, settings: settings, log: MemoryZFS.silent)
        return ImageTool(
            root: host.root, runner: host.pools, store: host.store,
            config: ConfigFile(root: host.root, log: MemoryZFS.silent),
            sources: ImageSources(
                transport: transport, requestID: "5f1dd7b6-7d4a-4bd4-8d3b-0000000000ff", credentials: NoCredentials(),
                root: host.root, log: MemoryZFS.silent),
            transport: transport, log: MemoryZFS.silent)
    }

    var report: Report {
        Report(line: told.add, warning: told.add)
    }

    /// Everything that was told.
    var lines: [String] { told.lines }

    /// What is on the pools, and of which images there are records.
    struct State: Equatable {
        let datasets: Set<String>
        let records: Set<String>
    }

    func state() throws -> State { State(datasets: host.pools.names, records: try host.records()) }

    /// The state in which these images are installed, and nothing else is there.
    static func state(with images: some Sequence<TestVolume>) -> State {
        let names = images.map { "tank/\($0.manifest.uuid)" }
        return State(
            datasets: Set(["tank", "other"] + names + names.map { "\($0)@final" }),
            records: Set(images.map { "tank-\($0.manifest.uuid).json" }))
    }

    /// Each dataset is a clone of the one of the image before.
    func liesOnEachOther(_ chain: [TestVolume]) -> Bool {
        let datasets = host.pools.edit { $0.datasets }
        return zip(chain.dropFirst(), chain).allSatisfy { image, base in
            datasets["tank/\(image.manifest.uuid)"]?.origin == "tank/\(base.manifest.uuid)@final"
        }
    }

    /// Images each of which builds on the one before, on the server.
    func chain(of count: Int) throws -> [TestVolume] {
        var images: [TestVolume] = []
        for _ in 0..<count { images.append(try TestVolume(on: images.last)) }
        for image in images { server.add(image.manifest, file: image.file) }
        return images
    }

    /// The plan of an image of the server.
    func plan(_ image: TestVolume, isRawStream: Bool = false) async throws -> ImportPlan {
        let tool = tool
        let source = try tool.sources.source(SourceDescriptor("http://images.example", type: .imgapi))
        return try await ImportPlanner(tool, in: host.pool, report)
            .plan(image.manifest, from: source, isRawStream: isRawStream)
    }

    func importImage(_ uuid: ImageUUID) async throws {
        try await tool.importImage(ImportRequest(uuid: uuid, pool: host.pool), report)
    }

    /// Installs an image from files.
    ///
    /// - Parameter file: what is in the file, if not what the manifest speaks of.
    func install(_ image: TestVolume, file: [UInt8]? = nil) async throws {
        let (manifest, path) = (folder.appending("manifest"), folder.appending("file"))
        try HostFile.write(Array(JSONValue.object(image.manifest.json).text().utf8), to: manifest)
        try HostFile.write(file ?? image.file, to: path)
        try await tool.install(manifest: manifest, file: path, pool: host.pool, report)
    }

    func delete(_ uuids: [ImageUUID]) async throws {
        let names = uuids.map { InstalledName(uuid: $0, reference: nil) }
        try await tool.delete(names, in: host.pool, force: false, namesDependents: false, report)
    }
}

private final class Told: Sendable {
    private let all = Mutex<[String]>([])

    var lines: [String] { all.withLock { $0 } }

    @Sendable func add(_ line: String) { all.withLock { $0.append(line) } }
}

/// Something fails by a code.
func expect(_ code: Failure.Code, _ what: String, _ work: () async throws -> Void) async {
    let error = await #expect(throws: (any Error).self, "\(what)") { try await work() }
    #expect((error as? any CodedError)?.code == code, "\(what): \(error.map { "\($0)" } ?? "")")
}
