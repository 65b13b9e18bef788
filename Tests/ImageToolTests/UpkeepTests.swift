import Failure
import ImageModel
import ImageStore
import JSON
import SystemPackage
import TestPools
import Testing
import ZFS

@testable import ImageTool

/// What is done to images that are installed, on a ZFS that behaves.
@Suite struct UpkeepTests {
    private static func description(_ host: ToolHost, _ uuid: ImageUUID) async throws -> String? {
        try await host.host.store.image(uuid, in: host.host.pool)?.manifest.json["description"]?.stringValue
    }

    @Test(arguments: [false, true]) func anUpdateTakesWhatTheSourceSays(isDry: Bool) async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 2)
        try await host.importImage(chain[1].manifest.uuid)
        let (state, changes) = (try host.state(), host.host.pools.changes)
        host.server.edit(chain[1].manifest.uuid) { $0["description"] = "new" }
        try await host.tool.update([], dryRun: isDry, host.report)
        #expect(try await Self.description(host, chain[1].manifest.uuid) == (isDry ? nil : "new"))
        #expect(try await Self.description(host, chain[0].manifest.uuid) == nil)
        #expect(try host.state() == state && host.host.pools.changes == changes)
    }

    /// Who is not known to any source keeps what is known of him here.
    @Test func anUpdateLeavesWhatNobodyKnows() async throws {
        let host = try ToolHost()
        let image = try host.chain(of: 1)[0]
        try await host.importImage(image.manifest.uuid)
        host.server.remove(image.manifest.uuid)
        try await host.tool.update([], dryRun: false, host.report)
        #expect(try await host.host.store.image(image.manifest.uuid, in: host.host.pool)?.manifest == image.manifest)
        #expect(host.lines.contains { $0.contains("is not known to any image source") })
    }

    /// Without a record, and with a snapshot of another name, it is an image again.
    @Test func anUpdateMakesAnImageWhole() async throws {
        let host = try ToolHost()
        let image = try host.chain(of: 1)[0]
        let uuid = image.manifest.uuid
        let guid = host.host.pools.edit { pools in
            pools.add("tank/\(uuid)", snapshots: ["first"], volume: true)
            return pools.datasets["tank/\(uuid)"]?.snapshots.first?.guid ?? 0
        }
        host.server.edit(uuid) { manifest in
            guard var file = manifest["files"]?[0]?.objectValue else { return }
            file["dataset_guid"] = .string("\(guid)")
            manifest["files"] = .array([.object(file)])
        }
        try await host.tool.update([uuid], dryRun: false, host.report)
        #expect(try host.state() == ToolHost.state(with: [image]))
        #expect(try await host.host.store.image(uuid, in: host.host.pool)?.manifest.name == "disk")
    }

    /// An import fetches what others of its chain build on ahead of them, and has the lock of each: who deletes an image that is not there
    /// yet takes nothing of that away.
    @Test func aDeletionLeavesWhatIsBeingFetched() async throws {
        let host = try ToolHost()
        let uuid = ImageUUID()
        try host.tool.downloads.openPartial(uuid).file.close()
        let locks = try await host.host.store.locks(of: host.host.pool)
        #expect(try locks.tryTaking(uuid))
        await #expect(throws: (any Error).self) { try await host.delete([uuid]) }
        #expect(try host.tool.downloads.hasFiles(uuid))
        locks.release(uuid)
        await #expect(throws: (any Error).self) { try await host.delete([uuid]) }
        #expect(try !host.tool.downloads.hasFiles(uuid))
    }

    /// What keeps an image from being deleted.
    static let keepers: [(what: String, code: Failure.Code, name: @Sendable (String) -> String, isClone: Bool)] = [
        ("a VM", .imageHasDependentClones, { _ in "tank/vm" }, true),
        ("a dataset below it", .imageHasChildDatasets, { "\($0)/data" }, false),
    ]

    @Test(arguments: keepers.indices) func whatIsInUseIsNotDeleted(row: Int) async throws {
        let (what, code, name, isClone) = UpkeepTests.keepers[row]
        let host = try ToolHost()
        let image = try host.chain(of: 1)[0]
        let dataset = "tank/\(image.manifest.uuid)"
        try await host.importImage(image.manifest.uuid)
        let whole = try host.state()
        host.host.pools.edit { $0.add(name(dataset), cloneOf: isClone ? "\(dataset)@final" : nil, snapshots: []) }
        let state = try host.state()
        await expect(code, what) { try await host.delete([image.manifest.uuid]) }
        #expect(try host.state() == state, "\(what)")
        host.host.pools.edit { _ = $0.takeAway(name(dataset)) }
        #expect(try host.state() == whole)
        try await host.delete([image.manifest.uuid])
        #expect(try host.state() == ToolHost.state(with: []), "\(what)")
    }

    /// In whatever order a chain is named, all of it goes; what stays keeps what it builds on.
    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]], [false, true])
    func aChainGoesInWhateverOrderItIsNamed(order: [Int], isUsed: Bool) async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 3)
        try await host.importImage(chain[2].manifest.uuid)
        let vm = "tank/vm"
        if isUsed {
            host.host.pools.edit { $0.add(vm, cloneOf: "tank/\(chain[1].manifest.uuid)@final", snapshots: []) }
        }
        let uuids = order.map { chain[$0].manifest.uuid }
        if isUsed {
            await #expect(throws: (any Error).self) { try await host.delete(uuids) }
            host.host.pools.edit { _ = $0.takeAway(vm) }
            #expect(try host.state() == ToolHost.state(with: chain[..<2]))
        } else {
            try await host.delete(uuids)
            #expect(try host.state() == ToolHost.state(with: []))
        }
    }

    @Test func whatIsNotInstalledCannotBeDeleted() async throws {
        let host = try ToolHost()
        await expect(.imageNotInstalled, "no image") { try await host.delete([ImageUUID()]) }
        #expect(host.host.pools.changes == 0)
    }

    /// What is left of a chain by how far up it is used; nil: by nothing.
    @Test(arguments: [nil, 0, 1, 2] as [Int?], [false, true])
    func vacuumTakesWhatNothingBuildsOn(used: Int?, isDry: Bool) async throws {
        let host = try ToolHost()
        let chain = try host.chain(of: 3)
        try await host.importImage(chain[2].manifest.uuid)
        if let used {
            host.host.pools.edit {
                $0.add("tank/vm", cloneOf: "tank/\(chain[used].manifest.uuid)@final", snapshots: [])
            }
        }
        let before = try host.state()
        _ = try await host.tool.clearLeftovers(in: host.host.pool, dryRun: isDry, host.report)
        let unneeded = try await host.tool.unusedImages(VacuumChoice(), in: host.host.pool)
        let stays = chain[..<(used.map { $0 + 1 } ?? 0)]
        #expect(unneeded.unused.map(\.image.uuid) == chain[stays.count...].reversed().map(\.manifest.uuid))
        try await host.tool.vacuum(unneeded.unused, dryRun: isDry, host.report)
        guard !isDry else { return #expect(try host.state() == before) }
        host.host.pools.edit { _ = $0.takeAway("tank/vm") }
        #expect(try host.state() == ToolHost.state(with: stays))
    }

    /// What a run that was killed has left goes with it; what is somebody's does not.
    @Test(arguments: [false, true]) func vacuumClearsWhatIsLeft(isDry: Bool) async throws {
        let host = try ToolHost()
        let uuid = ImageUUID()
        host.host.pools.edit { pools in
            pools.add("tank/\(uuid)-partial", volume: true)
            pools.add("tank/data", snapshots: [])
        }
        let before = try host.state()
        let cleared = try await host.tool.clearLeftovers(in: host.host.pool, dryRun: isDry, host.report)
        #expect(cleared.images.map(\.uuid) == [uuid])
        #expect(host.host.pools.names == (isDry ? before.datasets : ["tank", "other", "tank/data"]))
    }
}
