import Dispatch
import Failure
import Host
import ImageModel
import JSON
import Logging
import Synchronization
import SystemPackage

/// What was found in an image folder at one time. A further scan looks at every file, and reads only those that have changed.
struct FolderScan: Sendable {
    let catalog: Catalog
    private let entries: [ImageUUID: FolderEntry]
    private let look: FolderLook
    /// Nothing had changed just before it was looked at, so that a further change shows.
    private let isSettled: Bool
    let started: ContinuousClock.Instant

    /// - Parameters:
    ///   - last: the scan before, nil for the first.
    ///   - rereading: also what has not changed.
    /// - Throws: `FileSystemError`, `PermissionDenied` if the folder, or none of its manifests, can be read; in the first scan
    ///   also `ConfigError` for a list of channels that is none. Later the channels then stay what they were.
    init(_ folder: ImageFolder, after last: FolderScan?, rereading: Bool = false, logger: Logger) throws {
        started = .now
        look = try FolderLook(folder)
        isSettled = [look.images, look.channels].allSatisfy { $0?.isSettled ?? true }
        let channels = try Self.channels(folder, look, after: last, logger)
        let isSameSetting = !rereading && last?.catalog.channels == channels
        let uuids = try folder.names().compactMap { ImageFolder.image(manifest: $0) }
        let known = isSameSetting ? last?.entries ?? [:] : [:]
        let found = try Self.onAllCores(uuids) { try FolderEntry(folder, $0, after: known[$0], channels, logger) }
        var entries: [ImageUUID: FolderEntry] = [:]
        entries.reserveCapacity(found.count)
        var changes = 0
        for (uuid, entry) in zip(uuids, found) {
            if entry?.mark != known[uuid]?.mark || entry?.isKept != true { changes += 1 }
            entries[uuid] = entry
        }
        self.entries = entries
        if isSameSetting, changes == 0, let last, last.entries.count == entries.count {
            catalog = last.catalog
        } else {
            catalog = try Self.catalog(entries, channels)
        }
    }

    /// Whether what it says of one image is still so.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied` if the folder cannot be looked at.
    func holds(of uuid: ImageUUID, in folder: ImageFolder) throws -> Bool {
        guard isSettled, try FolderLook(folder) == look else { return false }
        // Nothing came or went: what is not known is not there.
        guard let entry = entries[uuid] else { return true }
        return try entry.isSettled && entry.mark == FileMark(folder.manifest(of: uuid), followingLinks: false)
    }

    /// Thousands of manifests take a second of a processor.
    private static func onAllCores<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ work: @Sendable (Item) throws -> Result
    ) throws -> [Result] {
        let part = 500
        guard items.count > part else { return try items.map(work) }
        let count = (items.count + part - 1) / part
        let results = Mutex<[Int: Swift.Result<[Result], any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: count) { number in
            let range = number * part..<min(items.count, (number + 1) * part)
            let result = Swift.Result { try items[range].map(work) }
            results.withLock { $0[number] = result }
        }
        return try results.withLock { try $0.sorted { $0.key < $1.key }.flatMap { try $0.value.get() } }
    }

    private static func catalog(_ entries: [ImageUUID: FolderEntry], _ channels: ChannelList?) throws -> Catalog {
        let images = entries.values.compactMap(\.image)
        let unreadable = entries.compactMapValues(\.trouble)
        // A listing without any would look as if there were none.
        if images.isEmpty, let trouble = unreadable.values.first { throw trouble }
        return Catalog(
            images, channels: channels, unreadable: unreadable, unserved: entries.compactMapValues(\.unserved))
    }

    private static func channels(_ folder: ImageFolder, _ look: FolderLook, after last: FolderScan?, _ logger: Logger)
        throws -> ChannelList?
    {
        if let last, last.isSettled, last.look.channels == look.channels { return last.catalog.channels }
        do {
            guard let bytes = try HostFile.read(folder.channels, limit: 1 << 20, from: .setUp) else { return nil }
            return try ChannelList(JSONValue(parsing: bytes, limits: JSONLimits(depth: 64)))
        } catch {
            let failure = Failure(.configError, "cannot use \"\(folder.channels)\"", cause: error)
            guard let last else { throw failure }
            logger.error("the channels stay as they were", metadata: ["error": "\(failure)"])
            return last.catalog.channels
        }
    }
}

/// What was found of one manifest.
struct FolderEntry: Sendable {
    let mark: FileMark
    /// Nil if it cannot be served.
    let image: ServedImage?
    /// What it says of one that does not suit the server.
    let unserved: JSONObject?
    /// Why it could not be read, which may pass.
    let trouble: (any CodedError)?
    /// It was read when a change that came after shows in its mark.
    let isSettled: Bool
    /// It is the entry of the scan before.
    private(set) var isKept = false

    /// Nil if the file is gone by now. What is wrong with it is told in the log, once.
    init?(
        _ folder: ImageFolder, _ uuid: ImageUUID, after known: FolderEntry?, _ channels: ChannelList?, _ logger: Logger
    ) throws {
        let path = folder.manifest(of: uuid)
        guard let mark = try FileMark(path, followingLinks: false) else { return nil }
        if let known, known.mark == mark, known.isSettled, known.trouble == nil {
            self = known
            isKept = true
            return
        }
        self.mark = mark
        isSettled = mark.isSettled
        func warn(_ why: any Error) {
            logger.warning(
                "skipping a manifest that cannot be served", metadata: ["file": "\(path)", "error": "\(why)"])
        }
        let bytes: [UInt8]
        do {
            guard mark.isFile, mark.size <= ImageLimits.manifest else {
                (image, unserved, trouble) = (nil, nil, nil)
                warn(Failure(.invalidManifest, mark.isFile ? "it has \(mark.size) bytes" : "it is no plain file"))
                return
            }
            guard let read = try HostFile.read(path, limit: ImageLimits.manifest) else { return nil }
            bytes = read
        } catch {
            let failure = HostFile.failure("cannot read", path, error)
            (image, unserved, trouble) = (nil, nil, failure)
            if known?.trouble?.description != failure.description { warn(failure) }
            return
        }
        var (image, unserved): (ServedImage?, JSONObject?)
        do {
            let value = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 64))
            guard let json = value.objectValue else { throw Failure(.invalidManifest, "not a JSON object") }
            unserved = json
            let manifest = try ServedManifest(json, mode: folder.mode, channels: channels)
            guard manifest.uuid == uuid else { throw Failure(.invalidManifest, "its \"uuid\" is \(manifest.uuid)") }
            image = ServedImage(manifest)
            unserved = nil
        } catch {
            warn(error)
        }
        (self.image, self.unserved, trouble) = (image, unserved, nil)
    }
}
