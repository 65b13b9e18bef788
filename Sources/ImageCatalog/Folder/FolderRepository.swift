import Failure
import Host
public import ImageModel
public import Logging
import NIOPosix
import Synchronization
public import SystemPackage

/// Images in a folder of plain files, which an operator can make by hand:
///
/// - `images/UUID.json`: the manifest;
/// - `images/UUID.file`: the image file;
/// - `images/UUID.icon`: the icon, if it has one;
/// - `channels.json`: the channels, if the server has any.
///
/// What is added, changed or removed counts from the next request on. Files should come by a rename, so that none is seen
/// half written.
public final class FolderRepository: ImageRepository {
    let folder: ImageFolder
    private let turns = ImageTurns()
    private let locks: ImageLocks
    let logger: Logger
    private let state: Mutex<State>

    public let mode: ServerMode

    private struct State {
        var scan: FolderScan
        var running: Task<FolderScan, any Error>?
        /// The next scan is to read all files anew.
        var isForgotten = false
        /// Nil where the kernel cannot tell what changes.
        var watch: FolderWatch?
        /// Counts what has changed.
        var change = 0
        /// What it was when the last scan began.
        var scannedChange = 0

        /// Whether all is as the last scan found it: where the kernel tells what changes, no file need be looked at.
        mutating func isUnchanged() -> Bool {
            // What could not be read may be readable now, and nobody tells that.
            guard !isForgotten, let watch, scan.catalog.unreadableImages.isEmpty,
                scan.started.duration(to: .now) < FolderRepository.longestTrust
            else { return false }
            guard let hasChanged = watch.hasChanged() else {
                self.watch = nil
                return false
            }
            if hasChanged { change += 1 }
            return change == scannedChange
        }
    }

    /// For how long it is believed that the kernel tells all: of what is written through a mapping, or by another name of the file, it
    /// does not.
    private static let longestTrust = Duration.seconds(10)

    /// - Parameter patience: how long another process is waited for that changes the same image. Clients have 30 s.
    /// - Throws: `FileSystemError`, `PermissionDenied`, `ConfigError`, `UnsafeFolder` if the folder cannot be served.
    public init(
        root: FilePath, mode: ServerMode, patience: Duration = .seconds(20), logger: Logger
    ) throws {
        folder = ImageFolder(root: root, mode: mode)
        self.logger = logger
        locks = ImageLocks(root, patience: patience, logger: logger)
        try folder.checkReadable()
        try folder.checkTrusted()
        self.mode = mode
        state = Mutex(State(scan: try FolderScan(folder, after: nil, logger: logger)))
        try sweepUploads()
    }

    public func catalog(_ freshness: Freshness) async throws -> Catalog {
        let asked = ContinuousClock.now
        if let catalog = state.withLock({ $0.isUnchanged() ? $0.scan.catalog : nil }) { return catalog }
        if case .image(let uuid) = freshness, let catalog = try await known(uuid) { return catalog }
        while true {
            // A scan that was under way already may have passed a place before it changed.
            let scan = try await rescan().value
            if scan.started >= asked { return scan.catalog }
        }
    }

    /// What is known, if that is still so as far as it concerns one image: then the others need not be looked at.
    private func known(_ uuid: ImageUUID) async throws -> Catalog? {
        let (scan, isForgotten) = state.withLock { ($0.scan, $0.isForgotten) }
        guard !isForgotten else { return nil }
        return try await BlockingIO.reading.runIfActive { [folder] in
            try scan.holds(of: uuid, in: folder) ? scan.catalog : nil
        }
    }

    public func open(_ part: ImagePart, of image: ServedImage) async throws -> (any StoredFile)? {
        let path = folder.path(of: part, image.uuid)
        return try await BlockingIO.reading.runIfActive { try FolderFile(path) }
    }

    /// Does what waits for the disk, when all is done that was begun before with the same image, and while no other process changes it.
    ///
    /// - Throws: `LockTimeout`; what `work` throws.
    func inTurn(_ uuid: ImageUUID, _ work: @escaping @Sendable () throws -> Void) async throws {
        let end = locks.end
        try await turns.inTurn(uuid) { [locks] in
            try await locks.during(uuid, until: end) { try await BlockingIO.writing.runIfActive(work) }
        }
    }

    public func dropCaches() { state.withLock { $0.isForgotten = true } }

    /// The scan that is under way, or a new one.
    private func rescan() -> Task<FolderScan, any Error> {
        state.withLock { state in
            if let running = state.running { return running }
            let (last, rereads) = (state.scan, state.isForgotten)
            state.isForgotten = false
            // Begun before the scan, it knows of whatever the scan may have passed already; made anew, of the folder that is scanned.
            state.watch = FolderWatch([folder.root, folder.images]) {
                $0 == ImageFolder.channelsName || ImageFolder.image(manifest: $0) != nil
            }
            let change = state.change
            let task = Task { [folder, logger] in
                let result = await Result {
                    try await BlockingIO.reading.runIfActive {
                        try FolderScan(folder, after: last, rereading: rereads, logger: logger)
                    }
                }
                return try self.finish(result, rereads, change)
            }
            state.running = task
            return task
        }
    }

    private func finish(
        _ result: Result<FolderScan, any Error>, _ rereads: Bool, _ change: Int
    ) throws -> FolderScan {
        state.withLock { state in
            state.running = nil
            switch result {
            case .success(let scan):
                state.scan = scan
                state.scannedChange = change
            case .failure: if rereads { state.isForgotten = true }
            }
        }
        if case .failure(let error) = result { logger.error("cannot read the images", metadata: ["error": "\(error)"]) }
        return try result.get()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
