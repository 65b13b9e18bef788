import Failure
import Host
import ImageModel
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
/// What is added, changed or removed counts from the next request on. Files should come by a rename, so that
/// none is seen half written. A rename changes the folder, which each request looks at; a file that is written
/// over in place is noticed within seconds.
public final class FolderRepository: ImageRepository {
    let folder: ImageFolder
    /// Held while a manifest or file is changed.
    let writing = Mutex(())
    private let logger: Logger
    private let state: Mutex<State>

    public let mode: ServerMode

    private struct State {
        var scan: FolderScan
        var running: Task<FolderScan, any Error>?
        /// The scan counts no more, whatever the folder looks like.
        var isForgotten = false
    }

    /// - Throws: `FileSystemError`, `PermissionDenied`, `ConfigError` if the folder cannot be served.
    public init(root: FilePath, mode: ServerMode, logger: Logger) throws {
        folder = ImageFolder(root: root, mode: mode)
        self.logger = logger
        try folder.checkReadable()
        self.mode = mode
        state = Mutex(State(scan: try FolderScan(folder, after: nil, logger: logger)))
        try sweepUploads()
    }

    public func catalog(_ freshness: Freshness) async throws -> Catalog {
        let asked = ContinuousClock.now
        while true {
            let look = try FolderLook(folder)
            let (scan, isForgotten) = state.withLock { ($0.scan, $0.isForgotten) }
            if scan.covers(look), !isForgotten {
                if scan.isDue { _ = rescan() }
                return scan.catalog
            }
            // A scan that was under way already may have passed a place before it changed.
            let next = try await rescan().value
            if next.started >= asked { return next.catalog }
        }
    }

    public func open(_ part: ImagePart, of image: ServedImage) async throws -> (any StoredFile)? {
        let path = folder.path(of: part, image.uuid)
        return try await NIOThreadPool.singleton.runIfActive { try FolderFile(path) }
    }

    public func dropCaches() { state.withLock { $0.isForgotten = true } }

    /// The scan that is under way, or a new one.
    private func rescan() -> Task<FolderScan, any Error> {
        state.withLock { state in
            if let running = state.running { return running }
            let last = state.scan
            let task = Task { [folder, logger] in
                let result = await Result {
                    try await NIOThreadPool.singleton.runIfActive {
                        try FolderScan(folder, after: last, logger: logger)
                    }
                }
                return try self.finish(result)
            }
            state.running = task
            return task
        }
    }

    private func finish(_ result: Result<FolderScan, any Error>) throws -> FolderScan {
        state.withLock { state in
            state.running = nil
            if case .success(let scan) = result {
                state.scan = scan
                state.isForgotten = false
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
