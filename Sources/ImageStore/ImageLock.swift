import Crypto
import Failure
public import Host
public import ImageModel
import Logging
import Synchronization
import SystemPackage
import Time
public import ZFS

/// The locks under which images come, stay and go.
///
/// What counts is the image on its pool, so its lock is found by the pool's guid, in a place where all processes of this
/// user meet, wherever they have their state (`LockTable`). Beside it, the lock file of state.md, "Files", is held, by which
/// other tools know that an image is being worked on.
///
/// Of a chain, the child's lock is taken first, then its origin's, and so on, always in that order. Of one image, the lock in
/// the table comes first, and then the file, never otherwise: whoever waits for a file has what keeps everybody else of us from
/// having it, so that it is other tools alone that are waited for.
public final class ImageLock: Sendable {
    private let table: PoolLocks
    private let file: FileLock
    private let uuid: ImageUUID

    init(_ table: PoolLocks, _ file: FileLock, _ uuid: ImageUUID) {
        self.table = table
        self.file = file
        self.uuid = uuid
    }

    /// Gives it back and removes the lock file. Who has waited for the table finds the file free.
    public func release() {
        file.release()
        table.release(uuid)
    }
}

/// The locks of the images of a pool, any number of them in one open file.
public final class PoolLocks: Sendable {
    private let table: LockTable
    private let guid: UInt64
    private let limit: Duration

    init(_ table: LockTable, guid: UInt64, limit: Duration) {
        self.table = table
        self.guid = guid
        self.limit = limit
    }

    private func number(_ uuid: ImageUUID) -> Int64 { number(uuid.description) }

    private func number(_ what: String) -> Int64 { PoolLocks.number(what, guid: guid) }

    /// The number of a lock in the table.
    static func number(_ what: String, guid: UInt64) -> Int64 {
        let digest = SHA256.hash(data: Array("\(guid)/\(what)".utf8))
        // Not the whole range: the byte behind it must have a number, too.
        return digest.prefix(8).reduce(Int64(0)) { ($0 << 8) | Int64($1) } & (Int64.max >> 1)
    }

    /// Takes the lock of an image if it is free.
    public func tryTaking(_ uuid: ImageUUID, _ mode: LockTable.Mode = .exclusive) throws -> Bool {
        try table.tryTaking(number(uuid), mode)
    }

    /// Takes the lock of an image, waiting for it.
    ///
    /// - Parameters:
    ///   - patience: how long to wait for processes that hold it shared; nil for as long as for others.
    ///   - isBrief: whether one that holds it shared is soon done: then it is waited for beyond the patience, too.
    ///   - waiting: called once, when the wait has lasted a second, with those who have it.
    /// - Throws: `DatasetBusy` when the patience is at its end; `LockTimeout`.
    public func taking(
        _ uuid: ImageUUID, _ mode: LockTable.Mode = .exclusive, patience: Duration? = nil,
        isBrief: () async throws -> Bool = { false }, waiting: ([LockHolder]) -> Void
    ) async throws {
        let start = ContinuousClock.now
        try await wait(for: uuid)(waiting) { () -> Void? in
            if try tryTaking(uuid, mode) { return () }
            guard let patience, ContinuousClock.now - start >= patience,
                try table.holder(of: number(uuid)) == .shared, try await !isBrief()
            else { return nil }
            throw Failure(
                .datasetBusy, "image \(uuid) is in use: an import that is at work builds on it",
                hint: "try again when that import has ended")
        }
    }

    /// Takes the lock of an image that is to be installed, waiting for it.
    ///
    /// - Parameters:
    ///   - waiting: as above.
    ///   - isThere: whether the image is installed by now.
    /// - Returns: `shared` if it is, and others build on it: it is held then.
    /// - Throws: `LockTimeout`.
    public func takingToInstall(
        _ uuid: ImageUUID, waiting: ([LockHolder]) -> Void, isThere: () async throws -> Bool
    ) async throws -> LockTable.Mode {
        try await wait(for: uuid)(waiting) {
            if try tryTaking(uuid, .exclusive) { return .exclusive }
            guard try tryTaking(uuid, .shared) else { return nil }
            if try await isThere() { return .shared }
            release(uuid)
            return nil
        }
    }

    private func wait(for uuid: ImageUUID) -> LockWait {
        table.wait(for: number(uuid), of: "image \(uuid)", limit: limit)
    }

    /// Takes the lock under which names move from one image to another, waiting for it.
    ///
    /// - Throws: `LockTimeout`.
    func takingNames(waiting: ([LockHolder]) -> Void) async throws {
        let number = number("names")
        try await table.wait(for: number, of: "the names of the images", limit: limit)(waiting) { () -> Void? in
            try table.tryTaking(number, .exclusive) ? () : nil
        }
    }

    /// Gives the lock of the names back.
    public func releaseNames() { table.release(number("names")) }

    func tryTakingMachine(_ machine: ImageUUID) throws -> Bool {
        try table.tryTaking(number("machine \(machine)"), .exclusive)
    }

    func releaseMachine(_ machine: ImageUUID) { table.release(number("machine \(machine)")) }

    /// Another process has the lock of an image.
    public func isHeld(_ uuid: ImageUUID) throws -> Bool { try table.holder(of: number(uuid)) != nil }

    /// Gives the lock of an image back.
    public func release(_ uuid: ImageUUID) { table.release(number(uuid)) }
}

extension ImageStore {
    /// How long a deletion waits for those that only hold an image.
    private static let patience = Duration.seconds(2)

    /// A process that is at its end loses its locks one after the other.
    static let ending = Backoff(patience: .seconds(1), firstPause: .milliseconds(20), longestPause: .milliseconds(100))

    /// The locks of a pool's images.
    ///
    /// - Throws: `PoolNotFound`; `PermissionDenied`, `FileSystemError`.
    public func locks(of pool: PoolName) async throws -> PoolLocks {
        PoolLocks(try LockTable(in: HostRoot.sharedLocks), guid: try await guid(of: pool), limit: lockPatience)
    }

    /// Takes an image's lock, for it to come or to go.
    ///
    /// - Parameter waiting: called once, when the wait has lasted a second, with those who have it.
    /// - Throws: `DatasetBusy` if an import builds on the image; `LockTimeout`.
    public func lock(_ uuid: ImageUUID, in pool: PoolName, waiting: ([LockHolder]) -> Void) async throws -> ImageLock {
        try await lock(uuid, in: pool, .exclusive, waiting: waiting)
    }

    /// Takes an image's lock, for its record to be changed: imports may build on it meanwhile.
    public func recordLock(_ uuid: ImageUUID, in pool: PoolName, waiting: ([LockHolder]) -> Void) async throws
        -> ImageLock
    {
        try await lock(uuid, in: pool, .shared, waiting: waiting)
    }

    private func lock(
        _ uuid: ImageUUID, in pool: PoolName, _ mode: LockTable.Mode, waiting: ([LockHolder]) -> Void
    ) async throws -> ImageLock {
        let table = try await locks(of: pool)
        // Who changes a record has the file, too; an import that builds on the image has not.
        func changesRecord() async throws -> Bool {
            guard let file = try await withRoom(uuid, { try FileLock.tryTaking($0) }) else { return true }
            file.release()
            return false
        }
        try await table.taking(
            uuid, mode, patience: ImageStore.patience, isBrief: changesRecord, waiting: waiting)
        do {
            let file =
                if mode == .exclusive {
                    try await withRoom(uuid) { path in
                        try await FileLock.taking(path, limit: lockPatience, waiting: waiting)
                    }
                } else { try await lockFile(uuid, waiting: waiting) }
            return ImageLock(table, file, uuid)
        } catch {
            table.release(uuid)
            throw error
        }
    }

    /// Takes the lock under which names move from one image of a pool to another. The locks of images are taken after it,
    /// never before.
    public func lockNames(in pool: PoolName, waiting: ([LockHolder]) -> Void) async throws -> PoolLocks {
        let table = try await locks(of: pool)
        try await table.takingNames(waiting: waiting)
        return table
    }

    /// Takes an image's lock if it is free, or as soon as a holder that is at its end is gone.
    public func tryLock(
        _ uuid: ImageUUID, in pool: PoolName, _ mode: LockTable.Mode = .exclusive
    ) async throws -> ImageLock? {
        let table = try await locks(of: pool)
        guard try await ImageStore.ending.until(by: .real, { try table.tryTaking(uuid, mode) }) else { return nil }
        do {
            if let file = try await withRoom(uuid, { try await FileLock.takingFromTheDying($0) }) {
                return ImageLock(table, file, uuid)
            }
        } catch {
            table.release(uuid)
            throw error
        }
        table.release(uuid)
        return nil
    }

    /// Takes the lock file by which other tools know that an image is worked on. Whoever waits for it has the image's lock in the
    /// table by then (``ImageLock``).
    public func lockFile(_ uuid: ImageUUID, waiting: ([LockHolder]) -> Void) async throws -> FileLock {
        try await FileLock.taking(path(uuid), limit: lockPatience, waiting: waiting)
    }

    /// Takes an image's lock file if it is free: what lies below the state root alone is protected by it.
    public func tryLockFile(_ uuid: ImageUUID) throws -> FileLock? { try FileLock.tryTaking(path(uuid)) }

    private func path(_ uuid: ImageUUID) -> FilePath { root.locks.appending(ImageStore.lockName(uuid)) }

    private static func lockName(_ uuid: ImageUUID) -> String { "img.\(uuid).import.lock" }

    /// Where the state lies on a pool that is full, there is no room for a lock file, and nothing but a deletion makes some: then it lies
    /// beside the table. Nobody else can have one in its place; what is there already is found there.
    ///
    /// - Parameter take: takes the lock file of that path.
    private func withRoom<Lock>(_ uuid: ImageUUID, _ take: (FilePath) async throws -> Lock) async throws -> Lock {
        do {
            return try await take(path(uuid))
        } catch let error as FileError where error.kind == .noSpace {
            log.info("no room for a lock file", metadata: ["image": "\(uuid)", "reason": "\(error)"])
            return try await take(HostRoot.sharedLocks.appending(ImageStore.lockName(uuid)))
        }
    }

    /// Removes the lock files of dead processes, also those that lie beside the table.
    public func sweepLocks() throws {
        var files = try HostFile.names(in: root.locks).map { root.locks.appending($0) }
        do {
            if let shared = try PrivateFolder.existing(HostRoot.sharedLocks) {
                files += try shared.names().map { HostRoot.sharedLocks.appending($0) }
            }
        } catch is UnsafeFolder {
            // In a folder of somebody else's there is no file of ours.
        }
        for file in files {
            guard let name = file.lastComponent?.string, name.hasPrefix("img."), name.hasSuffix(".import.lock"),
                ImageUUID(String(name.dropFirst(4).dropLast(12))) != nil
            else { continue }
            FileLock.sweep(file)
        }
    }
}

/// What tells pools apart, whatever they are called now: the guid of a pool's own dataset. It is asked for once.
final class PoolIdentities: Sendable {
    private let known = Mutex<[PoolName: UInt64]>([:])

    subscript(pool: PoolName) -> UInt64? {
        get { known.withLock { $0[pool] } }
        set { known.withLock { $0[pool] = newValue } }
    }
}

extension ImageStore {
    /// The guid of a pool's own dataset, which stays with it when it is exported and imported under another name.
    ///
    /// - Throws: `PoolNotFound`.
    func guid(of pool: PoolName) async throws -> UInt64 {
        if let guid = identities[pool] { return guid }
        let guid = try await zfs.guid(of: pool)
        identities[pool] = guid
        return guid
    }
}
