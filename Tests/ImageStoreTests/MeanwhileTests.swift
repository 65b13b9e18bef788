import Failure
import ImageModel
import SystemPackage
import TestPools
import Testing

@testable import Host
@testable import ImageStore

/// Others are at work on the pool while it is looked at, and have their records elsewhere.
@Suite struct MeanwhileTests {
    /// What looks at all images.
    enum Look: CaseIterable { case list, unused, check }

    /// Whoever waits for the lock of an image has nothing that who has it waits for.
    @Test(arguments: [true, false]) func theFileOfAnImageIsFreeWhileItsLockIsWaitedFor(isOfRecord: Bool) async throws {
        let host = try MemoryHost()
        let (store, pool, uuid) = (host.store, host.pool, ImageUUID())
        let others = try await store.locks(of: pool)
        #expect(try others.tryTaking(uuid))
        let (waits, tell) = AsyncStream.makeStream(of: Void.self)
        let taken = Task {
            isOfRecord
                ? try await store.recordLock(uuid, in: pool) { _ in tell.yield() }
                : try await store.lock(uuid, in: pool) { _ in tell.yield() }
        }
        for await _ in waits { break }
        let file = try store.tryLockFile(uuid)
        #expect(file != nil)
        file?.release()
        others.release(uuid)
        let lock = try await taken.value
        #expect(try store.tryLockFile(uuid) == nil)
        lock.release()
    }

    /// A download is there once for all pools, and so is its lock, which has nothing to do with those of the image.
    @Test func aDownloadIsOneCommandsAtATime() async throws {
        let host = try MemoryHost()
        let (store, uuid) = (host.store, ImageUUID())
        let first = try await store.lockDownload(uuid) { _ in }
        #expect(try store.tryLockDownload(uuid) == nil)
        let image = try await store.tryLock(uuid, in: host.pool)
        #expect(image != nil)
        image?.release()
        try store.tryLockDownload(ImageUUID())?.release()
        let (waits, tell) = AsyncStream.makeStream(of: Void.self)
        let second = Task { try await store.lockDownload(uuid) { _ in tell.yield() } }
        for await _ in waits { break }
        first.release()
        try await second.value.release()
        #expect(try store.tryLockDownload(uuid) != nil)
    }

    /// A deletion waits for changes of a record however long they take, and for an import that builds on the image not long.
    @Test func whatBuildsOnAnImageIsToldFromAChangeOfItsRecord() async throws {
        let host = try MemoryHost()
        let (store, pool, uuid) = (host.store, host.pool, ImageUUID())
        let change = try await store.recordLock(uuid, in: pool) { _ in }
        let waiting = Task { try await store.lock(uuid, in: pool) { _ in } }
        try await Task.sleep(for: .seconds(3))  // reason: longer than an import is waited for
        change.release()
        let lock = try await waiting.value
        lock.release()
        let others = try await store.locks(of: pool)
        #expect(try others.tryTaking(uuid, .shared))
        let error = await #expect(throws: Failure.self) { try await store.lock(uuid, in: pool) { _ in } }
        #expect(error?.code == .datasetBusy)
    }

    /// What has gone between two looks is not there any more, and keeps nobody from what is.
    @Test(arguments: Look.allCases, [false, true])
    func whatGoesMeanwhileIsNotThere(look: Look, isOld: Bool) async throws {
        for part in ["", "@final"] {
            for turn in 0... {
                let host = try MemoryHost()
                let (stays, goes) = (try TestVolume(), try TestVolume())
                for image in [stays, goes] { try await host.install(image) }
                // Another root has installed the two.
                for image in [stays, goes] {
                    try HostFile.remove(host.root.records.appending("tank-\(image.manifest.uuid).json"))
                }
                let (name, uuid) = ("tank/\(goes.manifest.uuid)", goes.manifest.uuid)
                host.pools.edit { pools in
                    pools.isOld = isOld
                    pools.meanwhile = (
                        turn, { if part == "" { $0.takeAway(name) } else { $0.setSnapshots(of: name, to: []) } }
                    )
                }
                let store = host.store
                switch look {
                case .list:
                    let images = try await store.dated(store.measured(store.images()))
                    #expect(images.contains { $0.uuid == stays.manifest.uuid && $0.doubt == nil }, "\(turn)")
                    let doubt = images.first { $0.uuid == uuid }?.doubt
                    #expect(doubt == nil || (doubt == .noFinal && part == "@final"), "\(turn)")
                    #expect(images.count == 2 || part == "", "\(turn)")
                case .unused:
                    #expect(try await store.unused(in: nil) { Set($0.map(\.id)) }.unused.isEmpty, "\(turn)")
                case .check:
                    let found = try await store.disorders(in: nil)
                    #expect(found.contains(.imageWithoutRecord(stays.manifest.uuid, host.pool)), "\(turn)")
                    #expect(
                        found.allSatisfy {
                            [stays.manifest.uuid, uuid].contains($0.image) && $0 != .unreadableRecord(uuid, host.pool)
                        },
                        "\(turn): \(found)")
                    // What goes after the last look was there.
                    if turn <= 2, part == "" { #expect(found.count == 1, "\(turn): \(found)") }
                }
                if host.pools.edit({ $0.meanwhile != nil }) {
                    #expect(turn > 2)
                    break
                }
            }
        }
    }

    /// The same of images with a record here: one goes that is told of, and a run of this root has deleted it, or installed it.
    @Test(arguments: Look.allCases, [false, true])
    func whatGoesOrComesWithItsRecordIsInOrder(look: Look, comes: Bool) async throws {
        for turn in 0... {
            let host = try MemoryHost()
            let (stays, other) = (try TestVolume(), try TestVolume())
            for image in [stays, other] { try await host.install(image) }
            let name = "tank/\(other.manifest.uuid)"
            let record = host.root.records.appending("tank-\(other.manifest.uuid).json")
            let aside = host.root.records.appending("aside")
            @Sendable func move(_ from: FilePath, _ to: FilePath) {
                do { try HostFile.rename(from, to: to) } catch { Issue.record(error) }
            }
            let dataset = host.pools.edit { pools in comes ? pools.takeAway(name) : nil }
            if comes { move(record, aside) }
            host.pools.edit { pools in
                pools.meanwhile = (
                    turn,
                    { pools in
                        if comes { pools.putBack(name, dataset) } else { pools.takeAway(name) }
                        if comes { move(aside, record) } else { move(record, aside) }
                    }
                )
            }
            let store = host.store
            switch look {
            case .list:
                let images = try await store.dated(store.measured(store.images()))
                #expect(images.allSatisfy { $0.doubt == nil }, "\(turn)")
                #expect(images.contains { $0.uuid == stays.manifest.uuid }, "\(turn)")
            case .unused:
                let unused = try await store.unused(in: nil) { Set($0.map(\.id)) }.unused
                #expect(unused.contains { $0.image.uuid == stays.manifest.uuid }, "\(turn)")
            case .check: #expect(try await store.disorders(in: nil) == [], "\(turn)")
            }
            guard host.pools.edit({ $0.meanwhile == nil }) else { return #expect(turn > 2) }
        }
    }
}
