import Failure
import Host
public import ImageModel
public import JSON
public import Logging
import NIOCore
public import OCIRegistry
import Synchronization
public import SystemPackage
import Time
import Transport

/// Images in a repository of an OCI registry (see ``ImageArtifact``). The server keeps nothing but what it has read, so any
/// number of servers may stand side by side on one repository.
///
/// One image is always as the registry has it now, or had it a second ago; a listing may be some seconds behind what
/// other servers have written. Of two servers that change the same image at the same time, the later one wins: registries
/// know no other way.
public final class RegistryRepository: ImageRepository {
    public let mode: ServerMode
    let artifacts: RemoteRepository
    private let channels: ChannelList?
    private let logger: Logger
    private let turns = ImageTurns()
    private let state = Mutex(State())

    private struct State {
        var entries: [ImageUUID: RegistryEntry] = [:]
        /// Nil when entries have changed since it was made.
        var catalog: Catalog?
        /// When all tags were last looked at, and how long that took.
        var listed: ContinuousClock.Instant?
        var took = Duration.zero
        /// When that was last tried in vain, if it was since then.
        var failed: ContinuousClock.Instant?
        var running: Task<Void, any Error>?
    }

    /// How old what is known may be: of all images for a listing, of one image for reading it.
    private static let listingAge = Duration.seconds(5)
    private static let imageAge = Duration.seconds(1)
    /// A listing that is older is not given out while a newer one is made, unless that was tried in vain within this time.
    private static let oldestListing = Duration.seconds(10)
    /// How many tags are looked at at a time.
    private static let window = 16

    /// - Parameter channels: a file with the channels, in the form of a folder's `channels.json`; nil for none.
    /// - Throws: `ConfigError`; what the registry says when it is asked for the images.
    public init(
        _ artifacts: RemoteRepository, channels path: FilePath?, mode: ServerMode, logger: Logger
    ) async throws {
        self.artifacts = artifacts
        self.mode = mode
        self.logger = logger
        channels = try path.map { try ChannelList(file: $0) }
        try await relist()
    }

    // MARK: Reading

    public func catalog(_ freshness: Freshness) async throws -> Catalog {
        switch freshness {
        case .now: try await relist()
        case .changing(let uuid): try await refresh(uuid, olderThan: .zero)
        case .image(let uuid):
            do {
                try await refresh(uuid, olderThan: Self.imageAge)
            } catch let error as any CodedError where known(uuid) {
                logger.warning("the registry does not answer", metadata: ["error": "\(error)"])
            }
        case .listing: try await relistIfDue()
        }
        return state.withLock { state in
            if let catalog = state.catalog { return catalog }
            let catalog = Catalog(state.entries.values.compactMap(\.image), channels: channels)
            state.catalog = catalog
            return catalog
        }
    }

    public func open(_ part: ImagePart, of image: ServedImage) async throws -> (any StoredFile)? {
        guard let entry = state.withLock({ $0.entries[image.uuid] }),
            let blob = ImageArtifact.blob(of: part, in: entry.artifact), try await artifacts.has(blob)
        else { return nil }
        return RegistryFile(blob, in: artifacts, modified: entry.modified(part))
    }

    public func dropCaches() { state.withLock { $0 = State() } }

    private func known(_ uuid: ImageUUID) -> Bool { state.withLock { $0.entries[uuid] != nil } }

    /// Looks at one tag, unless that was done not long ago.
    private func refresh(_ uuid: ImageUUID, olderThan age: Duration) async throws {
        let known = state.withLock { $0.entries[uuid] }
        if let known, known.checked.duration(to: .now) < age { return }
        _ = try await look(at: uuid, known)
    }

    /// What is under a tag now; nil if there is nothing.
    private func look(at uuid: ImageUUID, _ known: RegistryEntry?) async throws -> RegistryEntry? {
        let asked = ContinuousClock.now
        let digest = try await artifacts.digest(of: "\(uuid)")
        if var known, known.digest == digest {
            known.checked = asked
            note(uuid, known, asked: asked)
            return known
        }
        guard let digest, let (artifact, _) = try await artifacts.artifact("\(digest)") else {
            note(uuid, nil, asked: asked)
            return nil
        }
        let config = try await artifacts.content(of: artifact.config)
        var entry = try RegistryEntry(
            artifact, digest, config: config, uuid: uuid, mode: mode, channels: channels, logger: logger)
        entry.checked = asked
        note(uuid, entry, asked: asked)
        return entry
    }

    /// - Parameter asked: when; what was learned later counts more.
    private func note(_ uuid: ImageUUID, _ entry: RegistryEntry?, asked: ContinuousClock.Instant) {
        state.withLock { state in
            if let present = state.entries[uuid], present.checked > asked { return }
            if state.entries[uuid]?.digest != entry?.digest { state.catalog = nil }
            state.entries[uuid] = entry
        }
    }

    /// Looks at all tags if that is due; where what is known is not too old, behind the back of the request. While the
    /// registry is away, what is known does.
    private func relistIfDue() async throws {
        let (listed, due, failed) = state.withLock { ($0.listed, max(Self.listingAge, $0.took * 20), $0.failed) }
        guard let age = listed?.duration(to: .now) else { return try await relist() }
        if age < max(Self.oldestListing, due * 2) || failed.map({ $0.duration(to: .now) < Self.oldestListing }) == true
        {
            if age > due { _ = relisting() }
        } else {
            // Why it failed is in the log; what is known does then.
            try? await relist()
        }
    }

    private func relist() async throws { try await relisting().value }

    /// The look at all tags that is under way, or a new one.
    private func relisting() -> Task<Void, any Error> {
        state.withLock { state in
            if let running = state.running { return running }
            let task = Task { [self] in
                defer { self.state.withLock { $0.running = nil } }
                do {
                    try await lookAtAll()
                } catch {
                    logger.error("cannot read the images", metadata: ["error": "\(error)"])
                    self.state.withLock { $0.failed = .now }
                    throw error
                }
            }
            state.running = task
            return task
        }
    }

    private func lookAtAll() async throws {
        let started = ContinuousClock.now
        let tags = Set(try await artifacts.tags().compactMap { ImageUUID($0) })
        for uuid in state.withLock({ Set($0.entries.keys) }).subtracting(tags) { note(uuid, nil, asked: started) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = Array(tags)[...]
            for _ in 0..<Self.window {
                guard let uuid = waiting.popFirst() else { break }
                group.addTask { try await self.survey(uuid) }
            }
            while try await group.next() != nil {
                guard let uuid = waiting.popFirst() else { continue }
                group.addTask { try await self.survey(uuid) }
            }
        }
        state.withLock { state in
            state.listed = started
            state.took = started.duration(to: .now)
            state.failed = nil
        }
    }

    /// Looks at a tag; one that holds something else is none of ours.
    private func survey(_ uuid: ImageUUID) async throws {
        do {
            _ = try await look(at: uuid, state.withLock { $0.entries[uuid] })
        } catch let error where error is InvalidArtifact || error is AnswerTooLarge {
            logger.warning("skipping a tag", metadata: ["tag": "\(uuid)", "error": "\(error)"])
        }
    }

    // MARK: Writing

    public func change(
        _ uuid: ImageUUID, _ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?
    ) async throws { try await rewrite(uuid, adding: nil, change) }

    public func upload(_ part: ImagePart, of uuid: ImageUUID) async throws -> any FileUpload {
        try await RegistryUpload(part, of: uuid, in: self)
    }

    /// - Parameter blob: what has come for a part of the image.
    func rewrite(
        _ uuid: ImageUUID, adding blob: BlobDescriptor?,
        _ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?
    ) async throws {
        try await turns.inTurn(uuid) { [self] in
            let stored = try await look(at: uuid, state.withLock { $0.entries[uuid] })
            guard let json = try change(stored?.json) else {
                if let stored { try await artifacts.delete(stored.digest) }
                return note(uuid, nil, asked: .now)
            }
            let content = ImageArtifact.content(of: json)
            let config = try await artifacts.put(content, mediaType: ImageArtifact.configType)
            let others = (stored?.artifact.blobs ?? []).filter { $0.mediaType != blob?.mediaType }
            let artifact = ImageArtifact.manifest(json, config: config, blobs: others + (blob.map { [$0] } ?? []))
            let digest = try await artifacts.put(artifact, as: "\(uuid)")
            note(
                uuid,
                try RegistryEntry(
                    artifact, digest, config: content, uuid: uuid, mode: mode, channels: channels, logger: logger),
                asked: .now)
        }
    }
}

extension RegistryEntry {
    /// When a part came, as far as the manifest tells, in seconds.
    fileprivate func modified(_ part: ImagePart) -> Int {
        let description = part == .file ? json["files"]?[0] : json["icon"]
        let text = description?["mtime"]?.stringValue ?? json["published_at"]?.stringValue ?? ""
        return Timestamp(iso8601: text).map { Int($0.milliseconds / 1000) } ?? 0
    }
}
