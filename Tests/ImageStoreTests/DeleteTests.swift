import Failure
import ImageModel
import TestPools
import Testing
import ZFS

@testable import ImageStore

/// Deletion, with a ZFS that behaves.
@Suite struct DeleteTests {
    /// What keeps an image, with the name of a dataset that is there then.
    static let keepers: [(name: String, code: Failure.Code, make: @Sendable (inout MemoryPools, String) -> Void)] = [
        ("a clone", .imageHasDependentClones, { $0.add("tank/vm", cloneOf: "\($1)@final", snapshots: []) }),
        (
            "a clone of another snapshot", .imageHasDependentClones,
            { pools, image in pools.add("tank/vm", cloneOf: "\(image)@later", snapshots: []) }
        ),
        ("a dataset below it", .imageHasChildDatasets, { $0.add("\($1)/data", snapshots: []) }),
    ]

    @Test(arguments: keepers.indices)
    func whatIsInUseStaysAsItIs(row: Int) async throws {
        let (name, code, make) = DeleteTests.keepers[row]
        let host = try MemoryHost()
        let image = try TestVolume()
        try await host.install(image)
        host.pools.edit { pools in make(&pools, "tank/\(image.manifest.uuid)") }
        let (names, changes, records) = (host.pools.names, host.pools.changes, try host.records())
        for force in [false, true] {
            let error = await #expect(throws: (any Error).self, "\(name)") {
                try await host.delete(image.manifest.uuid, force: force)
            }
            #expect((error as? any CodedError)?.code == code, "\(name): \(error.map { "\($0)" } ?? "")")
        }
        #expect(host.pools.names == names && host.pools.changes == changes, "\(name)")
        #expect(try host.records() == records, "\(name)")
    }

    /// A dataset with a UUID's name and without a record may be somebody's data.
    @Test func whatMayBeNoImageTakesForce() async throws {
        for written in [false, true] {
            for final in [false, true] {
                let host = try MemoryHost()
                let uuid = ImageUUID()
                host.pools.edit { pools in
                    pools.add("tank/\(uuid)", snapshots: final ? ["final"] : [])
                    if written { pools.write(to: "tank/\(uuid)") }
                }
                if written || !final {
                    let error = await #expect(throws: Failure.self) { try await host.delete(uuid) }
                    #expect(error?.code == .notAnImage && host.pools.names.contains("tank/\(uuid)"))
                }
                #expect(try await host.delete(uuid, force: written || !final))
                #expect(host.pools.names == ["tank", "other"])
            }
        }
    }

    @Test func whatIsNotThereIsNotDeleted() async throws {
        let host = try MemoryHost()
        #expect(try await !host.delete(ImageUUID()) && host.pools.changes == 0)
    }

    /// Killed before any of its commands, and typed again: the image is there as a whole or not at all, and in the end
    /// nothing of it is.
    @Test(arguments: [false, true])
    func killedAnywhereAndTypedAgainItIsDone(isMounted: Bool) async throws {
        for moment in 0... {
            let host = try MemoryHost()
            let image = try TestVolume()
            let uuid = image.manifest.uuid
            try await host.install(image)
            if isMounted { host.pools.edit { $0.becomeFileSystem("tank/\(uuid)") } }
            let whole: Set = ["tank", "other", "tank/\(uuid)", "tank/\(uuid)@final"]
            let wasKilled = try await host.killed(after: moment) { try await host.delete(uuid) }
            if try await host.images().contains(uuid) { #expect(host.pools.names == whole, "\(moment)") }
            if wasKilled { #expect(try await host.delete(uuid), "\(moment)") }
            #expect(host.pools.names == ["tank", "other"], "\(moment)")
            #expect(try host.records() == [], "\(moment)")
            #expect(try await !host.isPresent(uuid))
            if !wasKilled { return #expect(moment >= (isMounted ? 3 : 2)) }
        }
    }

    /// What completes a deletion that was killed.
    enum Completion: CaseIterable { case delete, vacuum, check, install }

    /// The same on a full pool, where an image has to go where it is: whatever comes next completes it, and nobody takes what is left
    /// for an image.
    @Test(arguments: Completion.allCases, [false, true])
    func killedAnywhereOnAFullPoolItIsCompleted(by completion: Completion, isClone: Bool) async throws {
        for moment in 0... {
            let host = try MemoryHost()
            let base = try TestVolume()
            let image = try TestVolume(on: isClone ? base : nil)
            let uuid = image.manifest.uuid
            try await host.install(base)
            let without = host.pools.names
            let others = try host.records()
            try await host.install(image)
            let whole = host.pools.names
            host.pools.edit { $0.isFull = true }
            let wasKilled = try await host.killed(after: moment) { try await host.delete(uuid) }
            let isThere = try await host.images().contains(uuid)
            if isThere { #expect(host.pools.names == whole, "\(moment)") }
            #expect(try await (host.store.image(uuid, in: host.pool) != nil) == isThere, "\(moment)")
            #expect(try await host.isPresent(uuid) == wasKilled, "\(moment)")
            let noted = ImageStore.Disorder.deletionNoted(uuid, host.pool)
            let found = try await host.store.disorders(in: nil).filter { $0.image == uuid && $0 != noted }
            #expect(found.isEmpty == (isThere || !wasKilled), "\(moment): \(found)")
            host.pools.edit { $0.isFull = completion != .install }
            switch completion {
            case .delete: if wasKilled { #expect(try await host.delete(uuid), "\(moment)") }
            case .vacuum:
                let cleared = try await host.store.clearLeftovers(in: nil) { _ in }
                #expect(cleared.hasCleared == !found.isEmpty && cleared.failures.isEmpty, "\(moment)")
            case .check: for disorder in found { #expect(try await host.store.repair(disorder), "\(moment)") }
            case .install: if !isThere { try await host.install(image) }
            }
            let isLeft = completion == .install || (isThere && completion != .delete)
            #expect(host.pools.names == (isLeft ? whole : without), "\(moment)")
            #expect(try host.records() == (isLeft ? others.union(["tank-\(uuid).json"]) : others), "\(moment)")
            for disorder in try await host.store.disorders(in: nil) {
                #expect(disorder == noted && isLeft, "\(moment)")
                #expect(try await host.store.repair(disorder), "\(moment)")
            }
            #expect(
                try await host.store.disorders(in: nil).isEmpty
                    && host.store.records.read(uuid, host.pool)?.deleting == nil, "\(moment)")
            if !wasKilled { return #expect(moment >= 2) }
        }
    }

    /// A deletion that something stops takes its note back; one that was killed before it destroyed anything has left a whole image.
    @Test func asLongAsItIsWholeItIsAnImage() async throws {
        let host = try MemoryHost()
        let image = try TestVolume()
        let uuid = image.manifest.uuid
        let name = "tank/\(uuid)"
        try await host.install(image)
        let names = host.pools.names
        host.pools.edit { $0.isFull = true }
        #expect(try await host.killed(after: 0) { try await host.delete(uuid) })
        #expect(host.store.records.read(uuid, host.pool)?.deleting == nil)
        let guid = try #require(host.pools.edit { $0.datasets[name]?.guid })
        _ = try await host.store.noteDeletion(of: uuid, in: host.pool, HostNotes.Note(guid: guid, origin: nil))
        #expect(try await host.images() == [uuid])
        host.pools.edit { $0.add("tank/vm", cloneOf: "\(name)@final", snapshots: []) }
        await #expect(throws: ImageHasClones.self) { try await host.delete(uuid) }
        #expect(host.pools.names == names.union(["tank/vm"]))
        let noted = ImageStore.Disorder.deletionNoted(uuid, host.pool)
        #expect(try await host.store.disorders(in: nil) == [noted])
        // Of whom a clone was promoted has no @final, and may have anything.
        host.pools.edit { $0.promote("tank/vm") }
        let promoted = host.pools.names
        #expect(try await !host.store.clearLeftovers(in: nil) { _ in }.hasCleared)
        await #expect(throws: Failure.self) { try await host.install(image) }
        #expect(host.pools.names == promoted)
        #expect(try await host.store.repair(noted))
        #expect(host.store.records.read(uuid, host.pool)?.deleting == nil)
    }

    /// Who has no record of the image sees what is left of it, too, and completes the deletion; another dataset is none.
    @Test(arguments: [false, true], [false, true])
    func anotherRootSeesARest(isClone: Bool, byVacuum: Bool) async throws {
        let host = try MemoryHost()
        let other = try MemoryHost(sharing: host.pools)
        let base = try TestVolume()
        let image = try TestVolume(on: isClone ? base : nil)
        let (uuid, name) = (image.manifest.uuid, "tank/\(image.manifest.uuid)")
        for image in [base, image] { try await host.install(image) }
        host.pools.edit { $0.isFull = true }
        #expect(try await host.killed(after: 1) { try await host.delete(uuid) })
        #expect(try await other.images() == [base.manifest.uuid])
        #expect(try await other.store.image(uuid, in: other.pool) == nil)
        #expect(try await other.isPresent(uuid))
        #expect(try await other.store.disorders(in: nil).contains(.halfDeleted(uuid, other.pool)))
        // One that has taken its place is somebody's.
        let rest = host.pools.edit { $0.takeAway(name) }
        host.pools.edit { $0.add(name, snapshots: []) }
        #expect(try await other.images() == [base.manifest.uuid, uuid])
        await #expect(throws: Failure.self) { try await other.delete(uuid) }
        host.pools.edit { $0.putBack(name, rest) }
        if byVacuum {
            #expect(try await other.store.clearLeftovers(in: nil) { _ in }.hasCleared)
        } else {
            #expect(try await other.delete(uuid))
        }
        #expect(!host.pools.names.contains(name))
        // The record is there, of what has gone.
        #expect(try await host.store.clearLeftovers(in: nil) { _ in }.hasCleared)
        #expect(try await host.store.disorders(in: nil) == [] && host.records() == ["tank-\(base.manifest.uuid).json"])
        #expect(try await !other.isPresent(uuid))
    }

    /// A note of what is whole is told to whoever has no record, and taken back.
    @Test func anotherRootTakesANoteBack() async throws {
        let host = try MemoryHost()
        let uuid = ImageUUID()
        host.pools.edit { $0.add("tank/\(uuid)") }
        let guid = try #require(host.pools.edit { $0.datasets["tank/\(uuid)"]?.guid })
        let note = HostNotes.Note(guid: guid, origin: nil)
        let pool = try await host.store.guid(of: host.pool)
        try host.store.hostNotes.write(note, uuid, pool: pool)
        #expect(host.store.hostNotes.read(uuid, pool: pool) == note)
        #expect(try await host.images() == [uuid])
        let noted = ImageStore.Disorder.deletionNoted(uuid, host.pool)
        #expect(try await host.store.disorders(in: nil).contains(noted))
        #expect(try await host.store.repair(noted))
        #expect(try await host.store.disorders(in: nil) == [.imageWithoutRecord(uuid, host.pool)])
        #expect(host.store.hostNotes.read(uuid, pool: pool) == nil)
    }

    /// What somebody has put to what is left of a deletion keeps that, is told with what takes it away, and keeps nothing else.
    @Test func whatIsPutToARestKeepsNoOther() async throws {
        let host = try MemoryHost()
        let images = [try TestVolume(), try TestVolume()].sorted { $0.manifest.uuid < $1.manifest.uuid }
        for image in images { try await host.install(image) }
        host.pools.edit { $0.isFull = true }
        for image in images { #expect(try await host.killed(after: 1) { try await host.delete(image.manifest.uuid) }) }
        let (kept, name) = (images[0].manifest.uuid, "tank/\(images[0].manifest.uuid)")
        host.pools.edit { pools in
            pools.setSnapshots(of: name, to: ["mine"])
            pools.add("tank/clone", cloneOf: "\(name)@mine", snapshots: [])
        }
        for (code, way) in [
            ("ImageHasDependentClones", ["tank/clone", "\(name)@mine"]), ("ImageHasSnapshots", ["\(name)@mine"]),
        ] {
            let cleared = try await host.store.clearLeftovers(in: nil) { _ in }
            #expect(cleared.hasCleared == (way.count == 2))
            let failure = try #require(cleared.failures.first)
            #expect(
                cleared.failures.count == 1 && failure.code.rawValue == code && failure.message.contains("\"\(name)\""))
            #expect(
                host.pools.names
                    == Set(["tank", "other", name, "\(name)@mine"] + (way.count == 2 ? ["tank/clone"] : [])))
            // What it says takes what is in the way.
            #expect(way.allSatisfy { failure.hint?.contains("zfs destroy \($0)") == true }, "\(failure)")
            host.pools.edit { pools in
                if way.count == 2 { pools.takeAway("tank/clone") } else { pools.setSnapshots(of: name, to: []) }
            }
        }
        #expect(try await host.delete(kept))
        #expect(host.pools.names == ["tank", "other"])
        #expect(try host.records() == [])
    }

    /// What has taken the place of a half deleted image, or was put to it, is somebody's.
    @Test func whatIsSomebodysIsNotTakenForHalfDeleted() async throws {
        for isOther in [false, true] {
            let host = try MemoryHost()
            let image = try TestVolume()
            let uuid = image.manifest.uuid
            try await host.install(image)
            host.pools.edit { $0.isFull = true }
            #expect(try await host.killed(after: 1) { try await host.delete(uuid) })
            host.pools.edit { pools in
                pools.isFull = false
                if isOther { pools.add("tank/\(uuid)", snapshots: []) } else { pools.add("tank/\(uuid)/data") }
            }
            let names = host.pools.names
            let error = await #expect(throws: Failure.self) { try await host.delete(uuid) }
            #expect(error?.code == (isOther ? .notAnImage : .imageHasChildDatasets), "\(String(describing: error))")
            #expect(host.pools.names == names)
        }
    }
}
