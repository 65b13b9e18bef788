import Failure
import Host
public import ImageModel
public import JSON
public import Logging
import NIOCore
import NIOPosix
public import OCIRegistry
import Synchronization
public import SystemPackage
import Time

/// Images in a repository of an OCI registry (see ``ImageArtifact``). The server keeps nothing but what it has read, so any
/// number of servers may stand side by side on one repository.
///
/// One image is always as the registry has it now, or had it a second ago; those that are looked for by a name are as it has them now; any
/// other listing may be some seconds behind what other servers have written. Of two servers that change the same image at the same time, the later one wins: registries
/// know no other way.
public final class RegistryRepository: ImageRepository {
    public var mode: ServerMode { rules.mode }
    let artifacts: RemoteRepository
    private let rules: ServingRules
    private let logger: Logger
    private let turns = ImageTurns()
    private let keeper: IndexKeeper
    private let state = Mutex(State())

    private struct State {
        var entries: [ImageUUID: RegistryEntry] = [:]
        /// Nil when entries have changed since it was made.
        var catalog: Catalog?
        var index: ImageIndex?
        /// When the index was last compared with all tags.
        var compared: ContinuousClock.Instant?
        /// When it was last made sure of the listing, and how long that took.
        var listed: ContinuousClock.Instant?
        var took = Duration.zero
        /// When that was last tried in vain, if it was since then.
        var failed: ContinuousClock.Instant?
        var running: (task: Task<Void, any Error>, look: Look)?
    }

    /// What is asked when it is made sure of the listing.
    private enum Look: Comparable {
        /// The index, as long as it need not be compared with the tags.
        case index
        /// The list of tags, too.
        case tags
        /// And some images that the index may be behind of.
        case whole
    }

    /// How old what is known may be: of all images for a listing, of one image for reading it.
    private static let listingAge = Duration.seconds(5)
    private static let imageAge = Duration.seconds(1)
    /// A listing that is older is not given out while a newer one is made, unless that was tried in vain within this time.
    private static let oldestListing = Duration.seconds(10)
    /// How long an index that stays as it is goes without being compared with the tags; and in how many comparisons each image is
    /// looked at once: an index that is behind a tag is found out by that alone.
    private static let comparisonAge = Duration.seconds(60)
    private static let comparisonsPerLook = 60

    /// - Parameter channels: a file with the channels, in the form of a folder's `channels.json`; nil for none.
    /// - Throws: `ConfigError`; what the registry says when it is asked for the images.
    public convenience init(
        _ artifacts: RemoteRepository, channels path: FilePath?, mode: ServerMode, logger: Logger
    ) async throws {
        let channels = try path.map { try ChannelList(file: $0) }
        self.init(artifacts, ServingRules(mode: mode, channels: channels, logger: logger))
        try await relist(.index)
    }

    /// For who is about to change images, and asks for no listing.
    public convenience init(changing artifacts: RemoteRepository, mode: ServerMode, logger: Logger) {
        self.init(artifacts, ServingRules(mode: mode, channels: nil, logger: logger))
    }

    private init(_ artifacts: RemoteRepository, _ rules: ServingRules) {
        self.artifacts = artifacts
        self.rules = rules
        logger = rules.logger
        keeper = IndexKeeper(artifacts, rules.logger)
    }

    // MARK: Reading

    public func catalog(_ freshness: Freshness) async throws -> Catalog {
        switch freshness {
        case .now: try await relist(.whole)
        case .named: try await relistForNames()
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
            let catalog = Catalog(
                state.entries.values.compactMap(\.image), channels: rules.channels,
                unserved: state.entries.filter { $0.value.image == nil }.mapValues(\.json))
            state.catalog = catalog
            return catalog
        }
    }

    public func open(_ part: ImagePart, of image: ServedImage) async throws -> (any StoredFile)? {
        var entry = state.withLock { $0.entries[image.uuid] }
        // The index knows nothing of files.
        if entry?.stored == nil { entry = try await look(at: image.uuid) }
        guard let entry, let blob = entry.stored.flatMap({ ImageArtifact.blob(of: part, in: $0.artifact) }),
            try await artifacts.has(blob)
        else { return nil }
        return StoredBlob(blob, in: artifacts, modified: entry.modified(part))
    }

    public func dropCaches() { state.withLock { $0 = State() } }

    private func known(_ uuid: ImageUUID) -> Bool { state.withLock { $0.entries[uuid]?.stored != nil } }

    /// Looks at one tag, unless that was done not long ago.
    private func refresh(_ uuid: ImageUUID, olderThan age: Duration) async throws {
        let known = state.withLock { $0.entries[uuid] }
        if let known, known.stored != nil, known.checked.duration(to: .now) < age { return }
        _ = try await look(at: uuid)
    }

    /// What is under a tag now; nil if there is nothing.
    ///
    /// - Parameter isHintGood: what an index said of what is there is enough.
    private func look(at uuid: ImageUUID, isHintGood: Bool = false) async throws -> RegistryEntry? {
        let known = state.withLock { $0.entries[uuid] }
        let asked = ContinuousClock.now
        let digest = try await artifacts.digest(of: "\(uuid)")
        if var known, known.digest == digest, isHintGood || known.stored != nil {
            known.checked = asked
            note(uuid, known, asked: asked)
            return known
        }
        guard let digest, let stored = try await artifacts.image(uuid, at: digest) else {
            note(uuid, nil, asked: asked)
            return nil
        }
        let entry = RegistryEntry(stored, rules, checked: asked)
        note(uuid, entry, asked: asked)
        return entry
    }

    /// - Parameter asked: when; what was learned later counts more.
    private func note(_ uuid: ImageUUID, _ entry: RegistryEntry?, asked: ContinuousClock.Instant) {
        state.withLock { state in
            if let present = state.entries[uuid], present.checked > asked { return }
            let present = state.entries[uuid]
            // What a tag leads to may say something else than the hint did.
            let isProved = present?.stored == nil && entry?.stored != nil
            if present?.digest != entry?.digest || isProved { state.catalog = nil }
            state.entries[uuid] = entry
        }
    }

    /// Makes sure of the listing if that is due; where what is known is not too old, behind the back of the request. While the
    /// registry is away, what is known does.
    private func relistIfDue() async throws {
        let (listed, due, failed) = state.withLock { ($0.listed, max(Self.listingAge, $0.took * 20), $0.failed) }
        guard let age = listed?.duration(to: .now) else { return try await relist(.index) }
        if age < max(Self.oldestListing, due * 2) || failed.map({ $0.duration(to: .now) < Self.oldestListing }) == true
        {
            if age > due { _ = relisting(.index) }
        } else {
            // Why it failed is in the log; what is known does then.
            try? await relist(.index)
        }
    }

    /// Makes sure of the listing by the tags: what was published a moment ago, by whichever server, has a tag before it is in the
    /// index. While the registry is away, what is known does.
    private func relistForNames() async throws {
        let asked = ContinuousClock.now
        let (known, failed) = state.withLock { ($0.compared, $0.failed) }
        if let failed, known != nil, failed.duration(to: asked) < Self.oldestListing { return }
        do {
            // One that was under way already may have read the tags before.
            while state.withLock({ $0.compared.map { $0 < asked } ?? true }) { try await relist(.tags) }
        } catch let error as any CodedError where known != nil {
            logger.warning("the registry does not answer", metadata: ["error": "\(error)"])
        }
    }

    private func relist(_ look: Look) async throws { try await relisting(look).value }

    /// The look at all images that is under way, if it is as thorough, or a new one.
    private func relisting(_ look: Look) -> Task<Void, any Error> {
        state.withLock { state in
            if let running = state.running, running.look >= look { return running.task }
            let task = Task { [self] in
                defer { self.state.withLock { if $0.running?.look == look { $0.running = nil } } }
                do {
                    try await lookAtAll(look)
                } catch {
                    logger.error("cannot read the images", metadata: ["error": "\(error)"])
                    self.state.withLock { $0.failed = .now }
                    throw error
                }
            }
            state.running = (task, look)
            return task
        }
    }

    private func lookAtAll(_ look: Look) async throws {
        let started = ContinuousClock.now
        let (index, compared, entries) = state.withLock { ($0.index, $0.compared, $0.entries) }
        let isCompared = compared.map { $0.duration(to: started) < Self.comparisonAge } ?? false
        if look == .index, isCompared, let index, try await artifacts.indexDigest() == index.digest {
            return noteListed(started, took: started.duration(to: .now))
        }
        let oldest = entries.sorted { $0.value.checked < $1.value.checked }.map(\.key)
            .prefix(isCompared ? 0 : entries.count / Self.comparisonsPerLook + 1)
        let survey = try await artifacts.survey(
            knowing: index, entries.mapValues(\.digest), again: Set(oldest)
        ) { try await self.look(at: $0, isHintGood: true)?.indexed }
        for uuid in entries.keys where survey.images[uuid] == nil { note(uuid, nil, asked: started) }
        // What was looked at is known already.
        for (uuid, image) in survey.images where state.withLock({ $0.entries[uuid]?.digest }) != image.digest {
            note(uuid, RegistryEntry(hint: image, rules, checked: started), asked: started)
        }
        state.withLock { state in
            state.index = survey.index
            state.compared = started
        }
        // Having read an index once, what comes next is only what has changed.
        let isFirst = index == nil && survey.index != nil
        noteListed(started, took: isFirst ? .zero : started.duration(to: .now))
        enter(survey.unindexed)
    }

    private func noteListed(_ started: ContinuousClock.Instant, took: Duration) {
        state.withLock { state in
            state.listed = started
            state.took = took
            state.failed = nil
        }
    }

    private func enter(_ uuids: Set<ImageUUID>) {
        keeper.enter(uuids) { try await self.look(at: $0, isHintGood: true)?.indexed }
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
            let before = try await look(at: uuid)
            guard let json = try await BlockingIO.writing.runIfActive({ try change(before?.json) }) else {
                if let before { try await artifacts.delete(before.digest) }
                note(uuid, nil, asked: .now)
                if before?.indexed.isActivated == true { enter([uuid]) }
                return
            }
            let others = (before?.stored?.artifact.blobs ?? []).filter { $0.mediaType != blob?.mediaType }
            let stored = try await artifacts.put(json, others + (blob.map { [$0] } ?? []), as: uuid)
            note(uuid, RegistryEntry(stored, rules, checked: .now), asked: .now)
            try await show(stored, wasShown: before?.indexed.isActivated ?? false)
        }
    }

    /// Puts an image under its name, and into the index.
    private func show(_ image: StoredImage, wasShown: Bool) async throws {
        guard wasShown || image.indexed.isActivated else { return }
        do {
            try await artifacts.name(image)
        } catch let error as any CodedError {
            // It is there under its UUID.
            logger.warning("an image cannot be named", metadata: ["image": "\(image.uuid)", "error": "\(error)"])
        }
        enter([image.uuid])
    }

    /// Does what somebody who put an image here may not have come to.
    ///
    /// - Throws: what the registry says.
    public func complete(_ uuid: ImageUUID) async throws {
        guard let stored = try await look(at: uuid)?.stored else { return }
        try await show(stored, wasShown: true)
    }

    /// What the registry has of an image now.
    ///
    /// - Returns: its manifest as it is kept; nil if there is none.
    /// - Throws: what the registry says.
    public func stored(_ uuid: ImageUUID) async throws -> JSONObject? { try await look(at: uuid)?.json }

    public func settle() async throws { try await keeper.settle() }
}

extension RegistryEntry {
    /// When a part came, as far as the manifest tells, in seconds.
    fileprivate func modified(_ part: ImagePart) -> Int {
        let description = part == .file ? json["files"]?[0] : json["icon"]
        let text = description?["mtime"]?.stringValue ?? json["published_at"]?.stringValue ?? ""
        return Timestamp(iso8601: text).map { Int($0.milliseconds / 1000) } ?? 0
    }
}
