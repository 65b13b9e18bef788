import Failure
import Host
import ImageCatalog
import ImageMirror
import ImageModel
import JSON
import Logging
import Synchronization
import SystemPackage
import TestHost
import Testing

/// An image is pruned by what is known for sure, and by nothing else.
@Suite struct PruneTests {
    typealias Image = MemoryServer.Image

    /// - Returns: what was told, and the error that it ended with.
    private func prune(
        _ server: MemoryServer, _ repository: any ImageRepository, keeps: Int? = nil, dryRun: Bool = false
    ) async -> (lines: [String], error: (any CodedError)?) {
        let lines = Mutex<[String]>([])
        let mirror = ImageMirror(from: server.client, by: server.transport, into: repository) { line in
            lines.withLock { $0.append(line) }
        }
        do {
            try await mirror.run(filters: [], dryRun: dryRun, prunes: true, keeps: keeps)
            return (lines.withLock { $0 }, nil)
        } catch let error as any CodedError {
            return (lines.withLock { $0 }, error)
        } catch {
            Issue.record("an error without a code: \(error)")
            return ([], nil)
        }
    }

    /// The versions of one image, the later the greater their numbers.
    private static func web(_ number: Int, on origin: Int? = nil) -> Image {
        var image = Image(number, on: origin)
        image.manifest["name"] = "web"
        image.manifest["published_at"] = .string("2024-01-0\(number)T00:00:00Z")
        return image
    }

    private static var disabled: Image {
        var image = web(2)
        image.manifest["state"] = "disabled"
        image.manifest["disabled"] = true
        return image
    }

    private static let bare: JSONValue = [
        "uuid": .string(uuid(2).description), "name": "web", "published_at": "9999-01-01T00:00:00Z",
    ]

    /// Servers whose newer image does not come, each in its way.
    static let withheld: [(String, MemoryServer)] = [
        ("its file", MemoryServer([web(1), web(2)], broken: ["\(uuid(2))/file"])),
        ("its manifest", MemoryServer([web(1), web(2)], broken: ["\(uuid(2))"])),
        ("its origin", MemoryServer([web(1), web(2, on: 9)])),
        ("all but its entry", MemoryServer([web(1)], entries: [bare])),
        ("its state", MemoryServer([web(1), disabled])),
    ]

    @Test(arguments: withheld.indices) func whatHasNotComeTakesNobodysPlace(index: Int) async {
        let (what, server) = Self.withheld[index]
        let repository = MemoryRepository()
        _ = await prune(MemoryServer([Self.web(1)]), repository)
        let run = await prune(server, repository, keeps: 1)
        #expect(repository.whole == [uuid(1)], "\(what): \(run)")
        // A disabled one is not copied, which is no error.
        #expect((run.error == nil) == (what == "its state"), "\(what): \(run)")
        let mended = await prune(MemoryServer([Self.web(1), Self.web(2)]), repository, keeps: 1)
        #expect(mended.error == nil && repository.whole == [uuid(2)], "\(what): \(mended)")
    }

    /// One of two that are wanted has not come.
    @Test func asManyAsAreWantedMustHaveCome() async {
        let repository = MemoryRepository()
        _ = await prune(MemoryServer([Self.web(1)]), repository)
        let all = (1...3).map { Self.web($0) }
        _ = await prune(MemoryServer(all, broken: ["\(uuid(3))/file"]), repository, keeps: 2)
        #expect(repository.whole == Set([1, 2].map(uuid)))
        _ = await prune(MemoryServer(all), repository, keeps: 2)
        #expect(repository.whole == Set([2, 3].map(uuid)))
    }

    /// The newer one is here, but short of its end, or switched off.
    @Test(arguments: [true, false]) func theNewerOneMustBeWholeAndActive(isShort: Bool) async {
        let repository = MemoryRepository()
        let server = MemoryServer([Self.web(1), Self.web(2)])
        _ = await prune(server, repository)
        if isShort {
            repository[uuid(2)].parts[.file] = [2]
        } else {
            repository[uuid(2)].manifest?["state"] = "disabled"
            repository[uuid(2)].manifest?["disabled"] = true
        }
        _ = await prune(server, repository, keeps: 1)
        #expect(repository[uuid(1)].manifest != nil)
    }

    @Test func aDryRunTellsWhatWouldGoOnceTheNewerOneHadCome() async {
        let repository = MemoryRepository()
        _ = await prune(MemoryServer([Self.web(1)]), repository)
        let server = MemoryServer([Self.web(1), Self.web(2)])
        let run = await prune(server, repository, keeps: 1, dryRun: true)
        #expect(run.error == nil && run.lines.contains("[dry-run] Pruned image \(uuid(1)) (web@1)"), "\(run)")
        let withheld = await prune(Self.withheld[1].1, repository, keeps: 1, dryRun: true)
        #expect(!withheld.lines.contains { $0.contains("Pruned") } && repository.whole == [uuid(1)], "\(withheld)")
    }

    /// It may build on any of them.
    @Test func whileAnImageHereCannotBeReadNoneGoes() async throws {
        let repository = MemoryRepository()
        _ = await prune(MemoryServer([Image(1), Image(2, on: 1)]), repository)
        repository.hide([uuid(2)])
        let run = await prune(MemoryServer([Image(3)]), repository)
        let error = try #require(run.error)
        #expect(error.code == .invalidManifest && "\(error)".contains("\(uuid(2))"), "\(error)")
        #expect(repository.whole == Set((1...3).map(uuid)))
        repository.hide([])
        let again = await prune(MemoryServer([Image(3)]), repository)
        #expect(again.error == nil && repository.whole == [uuid(3)], "\(again)")
    }

    /// A manifest that is being written is there, and is none.
    @Test func whileAManifestOfTheFolderIsHalfWrittenNoneGoes() async throws {
        let root = TestFolder.make("prune")
        defer { TestFolder.remove(root) }
        let repository = try FolderRepository(
            root: root, mode: .public, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = await prune(MemoryServer([Image(1), Image(2, on: 1)]), repository)
        let manifest = root.appending("images/\(uuid(2)).json")
        let file = try FileDescriptor.open(manifest, .writeOnly, options: .truncate)
        try file.closeAfter { _ = try file.writeAll("{\"uuid\": \"".utf8) }
        let run = await prune(MemoryServer([Image(3)]), repository)
        #expect(try #require(run.error).code == .invalidManifest, "\(run)")
        let names = try HostFile.names(in: root.appending("images"))
        #expect(names.contains("\(uuid(1)).json") && names.contains("\(uuid(1)).file"), "\(names)")
    }

    /// Somebody has put another image in the place of one that was to go: it stays, and what it builds on.
    @Test func whatIsLeftHoldsItsOrigin() async throws {
        let repository = MemoryRepository()
        _ = await prune(MemoryServer([Image(1), Image(2, on: 1), Image(3)]), repository)
        repository.handOver(uuid(2))
        let run = await prune(MemoryServer([Image(3)]), repository)
        #expect(run.error == nil && run.lines.isEmpty, "\(run)")
        #expect(repository.whole == Set((1...3).map(uuid)))
    }

    /// What this server does not serve builds on what it says, and on nothing else.
    @Test func whatIsNotServedHoldsItsOriginAlone() async throws {
        let root = TestFolder.make("unserved")
        defer { TestFolder.remove(root) }
        let repository = try FolderRepository(
            root: root, mode: .public, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = await prune(MemoryServer([Image(1), Image(2)]), repository)
        var hidden = Image(7, on: 1).manifest
        hidden["public"] = false
        try HostFile.write(
            Array(JSONValue.object(hidden).text().utf8), to: root.appending("images/\(uuid(7)).json"))
        let run = await prune(MemoryServer([Image(3)]), repository)
        #expect(run.error == nil, "\(run)")
        #expect(Set(try await repository.catalog(.now).images.map(\.uuid)) == Set([uuid(1), uuid(3)]))
        try HostFile.remove(root.appending("images/\(uuid(7)).json"))
        _ = await prune(MemoryServer([Image(3)]), repository)
        #expect(try await repository.catalog(.now).images.map(\.uuid) == [uuid(3)])
    }

    /// What came into no channel would be seen by nobody.
    @Test func thereMustBeAChannelToComeInto() async throws {
        let root = TestFolder.make("channels")
        defer { TestFolder.remove(root) }
        let channels = root.appending("channels.json")
        try HostFile.write(Array(#"[{"name":"dev"}]"#.utf8), to: channels)
        let repository = try FolderRepository(
            root: root, mode: .public, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let run = await prune(MemoryServer([Image(1)]), repository)
        #expect(try #require(run.error).code == .configError, "\(run)")
        try HostFile.write(Array(#"[{"name":"dev","default":true}]"#.utf8), to: channels)
        let again = await prune(MemoryServer([Image(1)]), repository)
        #expect(again.error == nil, "\(again)")
        #expect(try await repository.catalog(.now).image(uuid(1))?.channels == ["dev"])
    }

    static let damages: [JSONValue] = [["uuid": "5f1dd7b6", "name": "image-2"], ["name": "image-2"], "image-2", .null]

    /// It may be any of those that seem to be gone.
    @Test(arguments: damages) func whileAnEntryOfTheListIsDamagedNothingIsWithdrawn(entry: JSONValue) async throws {
        let repository = MemoryRepository()
        _ = await prune(MemoryServer([Image(1), Image(2)]), repository)
        let run = await prune(MemoryServer([Image(1)], entries: [entry]), repository)
        let error = try #require(run.error)
        #expect(error.code == .sourceError && "\(error)".contains("not pruned"), "\(error)")
        #expect(repository.whole == Set([1, 2].map(uuid)) && !run.lines.contains { $0.contains("Pruned") })
        let again = await prune(MemoryServer([Image(1)]), repository)
        #expect(again.error == nil && repository.whole == [uuid(1)], "\(again)")
    }

    /// What went wrong with copying is told although the pruning was refused.
    @Test func aRefusedPruningHidesNoOtherFailure() async throws {
        let repository = MemoryRepository()
        _ = await prune(MemoryServer([Image(1)]), repository)
        repository.hide([uuid(1)])
        let run = await prune(MemoryServer([Image(3)], broken: ["/file"]), repository)
        let error = try #require(run.error)
        #expect(error.code == .multiError && "\(error)".contains("\(uuid(3))"), "\(error)")
    }
}
