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
    let turns = ImageTurns()
    let logger: Logger
    private let state: Mutex<State>

    public let mode: ServerMode

    private struct State {
        var scan: FolderScan
        var running: Task<FolderScan, any Error>?
        /// The next scan is to read all files anew.
        var isForgotten = false
    }

    /// - Throws: `FileSystemError`, `PermissionDenied`, `ConfigError`, `UnsafeFolder` if the folder cannot be served.
    public init(root: FilePath, mode: ServerMode, logger: Logger) throws {
        folder = ImageFolder(root: root, mode: mode)
        self.logger = logger
        try folder.checkReadable()
        try folder.checkTrusted()
        self.mode = mode
        state = Mutex(State(scan: try FolderScan(folder, after: nil, logger: logger)))
        try sweepUploads()
    }

    public func catalog(_ freshness: Freshness) async throws -> Catalog {
        let asked = ContinuousClock.now
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

    public func dropCaches() { state.withLock { $0.isForgotten = true } }

    /// The scan that is under way, or a new one.
    private func rescan() -> Task<FolderScan, any Error> {
        state.withLock { state in
            if let running = state.running { return running }
            let (last, rereads) = (state.scan, state.isForgotten)
            state.isForgotten = false
            let task = Task { [folder, logger] in
                let result = await Result {
                    try await BlockingIO.reading.runIfActive {
                        try FolderScan(folder, after: last, rereading: rereads, logger: logger)
                    }
                }
                return try self.finish(result, rereads)
            }
            state.running = task
            return task
        }
    }

    private func finish(_ result: Result<FolderScan, any Error>, _ rereads: Bool) throws -> FolderScan {
        state.withLock { state in
            state.running = nil
            switch result {
            case .success(let scan): state.scan = scan
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
