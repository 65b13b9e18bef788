import Failure
import ImageModel
import SystemPackage
import TestHost
import TestPools
import Testing
import ZFS

@testable import Host
@testable import ImageStore

/// What deletions that were killed have left and noted, and what has come of that since.
@Suite struct RestTests {
    /// What may be in the place of a note, by shell.
    static let damages = [
        "mkdir -p NOTE/in", "mkfifo NOTE", "ln -s /etc/passwd NOTE", "echo 12 > NOTE", "printf '1\n-\nmore\n' > NOTE",
        "head -c 4000 /dev/zero > NOTE", "true > NOTE",
    ]

    private func path(ofNote uuid: ImageUUID, _ host: MemoryHost) async throws -> String {
        "\(HostRoot.sharedLocks)/deleting-\(try await host.store.guid(of: host.pool))-\(uuid)"
    }

    /// It is told, keeps nobody from anything, and loses nothing: who has nothing else to go by takes the rest for somebody's data.
    @Test(arguments: damages) func aNoteThatCannotBeReadEndsNothingElse(damage: String) async throws {
        let host = try MemoryHost()
        let other = try MemoryHost(sharing: host.pools)
        let (rest, image) = (try TestVolume(), try TestVolume())
        for image in [rest, image] { try await host.install(image) }
        let uuids = (rest.manifest.uuid, image.manifest.uuid)
        host.pools.edit { $0.isFull = true }
        #expect(try await host.killed(after: 1) { try await host.delete(uuids.0) })
        var notes: [String] = []
        for uuid in [uuids.0, uuids.1] {
            let note = try await path(ofNote: uuid, host)
            notes.append(note)
            try await Tool.shell("rm -f \(note); " + damage.replacing("NOTE", with: note))
        }
        for host in [host, other] {
            let found = try await host.store.disorders(in: nil)
            for (uuid, note) in zip([uuids.0, uuids.1], notes) {
                let isTold = found.contains { if case .unreadableNote(uuid, note, _) = $0 { true } else { false } }
                #expect(isTold, "\(found)")
            }
            #expect(try await host.store.disorders(in: PoolName(checking: "other")) == [])
        }
        #expect(try await host.store.disorders(in: nil).contains(.halfDeleted(uuids.0, host.pool)))
        #expect(try await other.images() == [uuids.0, uuids.1])
        let error = await #expect(throws: Failure.self) { try await other.delete(uuids.0) }
        #expect(error?.code == .notAnImage)
        #expect(try await host.images() == [uuids.1])
        for uuid in [uuids.0, uuids.1] { #expect(try await host.delete(uuid)) }
        #expect(host.pools.names == ["tank", "other"])
        #expect(try host.records() == [])
        try await Tool.shell("rm -rf \(notes.joined(separator: " "))")
    }

    /// Where neither can be written, and not for want of room, nothing is destroyed.
    @Test func whatCannotBeNotedStays() async throws {
        let host = try MemoryHost()
        let image = try TestVolume()
        let uuid = image.manifest.uuid
        try await host.install(image)
        let names = host.pools.names
        let note = try await path(ofNote: uuid, host)
        let record = host.root.records.appending("tank-\(uuid).json")
        try await Tool.shell("rm \(record); mkdir -p \(note)/in \(record)/in")
        host.pools.edit { $0.isFull = true }
        await #expect(throws: (any Error).self) { try await host.delete(uuid) }
        #expect(host.pools.names == names)
        try await Tool.shell("rm -r \(note)")
        // The one is enough; and the image is gone, whatever is in the place of its record.
        #expect(try await host.delete(uuid))
        #expect(host.pools.names == ["tank", "other"])
        #expect(try await host.store.disorders(in: nil) == [.recordWithoutDataset(uuid, host.pool)])
    }

    /// A dry run of clearing judges what clearing judges, and changes nothing.
    @Test(arguments: [false, true], ["nothing", "a snapshot", "a dataset below it"])
    func aDryRunTellsWhatIsCleared(isFull: Bool, addition: String) async throws {
        let host = try MemoryHost()
        let base = try TestVolume()
        let image = try TestVolume(on: base)
        for image in [base, image] { try await host.install(image) }
        let uuid = image.manifest.uuid
        host.pools.edit { $0.isFull = isFull }
        // Full: its `@final` is gone; else it was renamed.
        #expect(try await host.killed(after: isFull ? 1 : 2) { try await host.delete(uuid) })
        let name = isFull ? DatasetName.image(uuid, in: host.pool) : .partial(uuid, in: host.pool)
        host.pools.edit { pools in
            switch addition {
            case "a snapshot": pools.setSnapshots(of: "\(name)", to: ["mine"])
            case "a dataset below it": pools.add("\(name)/data")
            default: break
            }
        }
        let before = (host.pools.names, host.pools.changes, try host.records())
        var told: [[String]] = [[], []]
        let dry = try await host.store.clearLeftovers(in: nil, dryRun: true) { told[0].append($0) }
        #expect(host.pools.names == before.0 && host.pools.changes == before.1)
        #expect(try host.records() == before.2)
        // What it would take keeps nothing.
        let unused = try await host.store.unused(in: nil, without: dry.datasets) { Set($0.map(\.id)) }
        let wet = try await host.store.clearLeftovers(in: nil) { told[1].append($0) }
        #expect(told[0] == told[1])
        #expect(dry.hasCleared == wet.hasCleared && dry.datasets == wet.datasets)
        #expect(dry.failures.map(\.message) == wet.failures.map(\.message))
        #expect(wet.datasets == (wet.hasCleared ? [name] : []))
        #expect(unused.unused.map(\.image.uuid) == (wet.hasCleared ? [base.manifest.uuid] : []))
    }

    /// What was written to a rest keeps it, for whoever goes by the record and whoever goes by the note of this host.
    @Test(arguments: [false, true]) func whatWasWrittenIntoARestIsToldAndKept(hasRecord: Bool) async throws {
        let host = try MemoryHost()
        let other = try MemoryHost(sharing: host.pools)
        let image = try TestVolume()
        let (uuid, name) = (image.manifest.uuid, "tank/\(image.manifest.uuid)")
        try await host.install(image)
        host.pools.edit { $0.isFull = true }
        #expect(try await host.killed(after: 1) { try await host.delete(uuid) })
        let run = hasRecord ? host : other
        if hasRecord { try await Tool.shell("rm \(try await path(ofNote: uuid, host))") }
        host.pools.edit { $0.write(to: name) }
        for dryRun in [true, false] {
            let cleared = try await run.store.clearLeftovers(in: nil, dryRun: dryRun) { _ in }
            let failure = try #require(cleared.failures.first)
            #expect(!cleared.hasCleared && cleared.failures.count == 1 && failure.code == .notAnImage)
            #expect(failure.hint?.contains("delete -f \(uuid)") == true, "\(failure)")
        }
        await #expect(throws: Failure.self) { try await run.delete(uuid) }
        #expect(host.pools.names.contains(name))
        #expect(try await run.delete(uuid, force: true))
        #expect(host.pools.names == ["tank", "other"])
        _ = try await host.store.clearLeftovers(in: nil) { _ in }
    }

    /// Where ZFS cannot be told to count now (zfs-fuse), nobody goes by what it says of a rest that is mounted.
    @Test func aMountedRestIsKeptWhereItsAccountLags() async throws {
        let host = try MemoryHost()
        let image = try TestVolume()
        let (uuid, name) = (image.manifest.uuid, "tank/\(image.manifest.uuid)")
        try await host.install(image)
        host.pools.edit { $0.isFull = true }
        #expect(try await host.killed(after: 1) { try await host.delete(uuid) })
        host.pools.canSync = false
        host.pools.edit { $0.becomeFileSystem(name) }
        for dryRun in [true, false] {
            let cleared = try await host.store.clearLeftovers(in: nil, dryRun: dryRun) { _ in }
            #expect(!cleared.hasCleared && cleared.failures.first?.hint?.contains("zfs unmount \(name)") == true)
        }
        await #expect(throws: Failure.self) { try await host.delete(uuid) }
        try await host.pools.zfs.unmountWhenFree(DatasetName.image(uuid, in: host.pool))
        #expect(try await host.delete(uuid))
        #expect(host.pools.names == ["tank", "other"])
    }

    /// What deleting refuses is not promised.
    @Test func whatWasReplacedIsNotUnused() async throws {
        let host = try MemoryHost()
        let images = try (0..<3).map { _ in try TestVolume() }
        for image in images { try await host.install(image) }
        let names = images.map { "tank/\($0.manifest.uuid)" }
        host.pools.edit { pools in
            pools.add(names[0])
            pools.add("\(names[1])-partial", snapshots: [])
        }
        let found = try await host.store.unused(in: nil) { Set($0.map(\.id)) }
        #expect(found.unused.map(\.image.uuid) == [images[2].manifest.uuid])
        #expect(Set(found.kept.map(\.image.uuid)) == Set(images[..<2].map(\.manifest.uuid)))
        for image in images[..<2] {
            let error = await #expect(throws: Failure.self) { try await host.delete(image.manifest.uuid) }
            let kept = try #require(found.kept.first { $0.image.uuid == image.manifest.uuid })
            #expect(error?.message.contains(kept.reason) == true, "\(kept)")
        }
    }

    /// What was noted of a dataset that is not there any more ends with the next clearing, and says nothing of what has taken its place.
    @Test(arguments: [false, true], [false, true])
    func aNoteOfNothingEnds(isReplaced: Bool, byRepair: Bool) async throws {
        let host = try MemoryHost()
        let image = try TestVolume()
        let uuid = image.manifest.uuid
        if isReplaced { try await host.install(image) }
        let note = HostNotes.Note(guid: 7, origin: nil)
        _ = try await host.store.noteDeletion(of: uuid, in: host.pool, note)
        if !isReplaced { try host.store.records.remove(uuid, named: "tank") }
        let found = ImageStore.Disorder.noteWithoutDataset(uuid, host.pool)
        #expect(try await host.store.disorders(in: nil) == [found])
        let names = host.pools.names
        if byRepair {
            #expect(try await host.store.repair(found))
        } else {
            #expect(try await host.store.clearLeftovers(in: nil) { _ in }.failures.isEmpty)
        }
        #expect(host.pools.names == names)
        #expect(try await host.store.disorders(in: nil) == [])
        let pool = try await host.store.guid(of: host.pool)
        #expect(host.store.hostNotes.read(uuid, pool: pool) == nil)
    }

    /// A pool that is only exported comes back.
    @Test func aNoteOfAPoolThatIsNotThereStays() async throws {
        let host = try MemoryHost()
        let (uuid, pool) = (ImageUUID(), UInt64.random(in: (1 << 40)...(1 << 62)))
        let note = HostNotes.Note(guid: 7, origin: nil)
        try host.store.hostNotes.write(note, uuid, pool: pool)
        defer { host.store.hostNotes.remove(uuid, pool: pool) }
        #expect(try await host.store.clearLeftovers(in: nil) { _ in }.failures.isEmpty)
        try host.store.sweepLocks()
        #expect(host.store.hostNotes.read(uuid, pool: pool) == note)
    }

    /// A lock file for which there was no room below the state root, of a run that died.
    @Test func lockFilesBesideTheTableAreSwept() async throws {
        let host = try MemoryHost()
        let files = (0..<2).map { _ in HostRoot.sharedLocks.appending("img.\(ImageUUID()).import.lock") }
        let held = try #require(try FileLock.tryTaking(files[1]))
        defer { held.release() }
        try await Tool.shell("echo 1 > \(files[0])")
        try host.store.sweepLocks()
        // The folder is that of all runs: another test that sweeps it may have the file in hand, and takes it away in a moment.
        for _ in 0..<500 where try HostFile.exists(files[0]) {
            try await Task.sleep(for: .milliseconds(20))
            try host.store.sweepLocks()
        }
        #expect(try !HostFile.exists(files[0]) && HostFile.exists(files[1]))
    }
}
