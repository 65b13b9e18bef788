import Failure
import Host
import ImageModel
import JSON
import Logging
import SystemPackage

/// What was found in an image folder at one time. A further scan reads only the files that have changed.
struct FolderScan: Sendable {
    let catalog: Catalog
    private let entries: [ImageUUID: Entry]
    private let look: FolderLook
    let started: ContinuousClock.Instant
    private let finished: ContinuousClock.Instant
    /// Whether the folder may have changed after it was looked at without a change of its time.
    private let isRacy: Bool

    private struct Entry: Sendable {
        let mark: FileMark
        /// Nil if the manifest cannot be served.
        let image: ServedImage?
    }

    /// - Parameter last: the scan before, nil for the first.
    /// - Throws: `FileSystemError`, `PermissionDenied`; in the first scan also `ConfigError` for a list of channels
    ///   that is none. Later the channels then stay what they were.
    init(_ folder: ImageFolder, after last: FolderScan?, logger: Logger) throws {
        started = .now
        look = try FolderLook(folder)
        isRacy = [look.images, look.channels].contains { $0?.isRecent ?? false }
        let channels = try Self.channels(folder, look, after: last, logger)
        let isSameSetting = last?.catalog.channels == channels
        var entries: [ImageUUID: Entry] = [:]
        for name in look.images == nil ? [] : try HostFile.names(in: folder.images) {
            guard let uuid = ImageFolder.image(manifest: name) else { continue }
            let path = folder.images.appending(name)
            guard let mark = Self.mark(path, logger) else { continue }
            if isSameSetting, let known = last?.entries[uuid], known.mark == mark {
                entries[uuid] = known
            } else {
                entries[uuid] = Entry(mark: mark, image: Self.image(path, uuid, folder.mode, channels, logger))
            }
        }
        self.entries = entries
        if isSameSetting, let last, last.hasSameImages(as: entries) {
            catalog = last.catalog
        } else {
            catalog = Catalog(entries.values.compactMap(\.image), channels: channels)
        }
        finished = .now
    }

    /// Whether nothing has been added, renamed or removed since.
    func covers(_ look: FolderLook) -> Bool { !isRacy && look == self.look }

    /// Whether it is time to look for files that were changed in place: after a second, or, where a scan takes
    /// long, so much later that scans cost two per cent of a processor.
    var isDue: Bool { finished.duration(to: .now) > max(.seconds(1), started.duration(to: finished) * 50) }

    private func hasSameImages(as others: [ImageUUID: Entry]) -> Bool {
        entries.count == others.count && others.allSatisfy { entries[$0]?.mark == $1.mark }
    }

    /// Nil if the file is gone by now, or no file.
    private static func mark(_ path: FilePath, _ logger: Logger) -> FileMark? {
        do {
            return try FileMark(path).flatMap { $0.isFile ? $0 : nil }
        } catch {
            logger.warning("skipping a manifest that cannot be read", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// The image of a manifest file; nil, and a warning in the log, if it cannot be served.
    private static func image(
        _ path: FilePath, _ uuid: ImageUUID, _ mode: ServerMode, _ channels: ChannelList?, _ logger: Logger
    ) -> ServedImage? {
        do {
            guard let bytes = try HostFile.read(path, limit: 4 << 20) else { return nil }
            let value = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 64))
            guard let json = value.objectValue else { throw Failure(.invalidManifest, "not a JSON object") }
            let manifest = try ServedManifest(json, mode: mode, channels: channels)
            guard manifest.uuid == uuid else { throw Failure(.invalidManifest, "its \"uuid\" is \(manifest.uuid)") }
            return ServedImage(manifest)
        } catch {
            logger.warning(
                "skipping a manifest that cannot be served", metadata: ["file": "\(path)", "error": "\(error)"])
            return nil
        }
    }

    private static func channels(_ folder: ImageFolder, _ look: FolderLook, after last: FolderScan?, _ logger: Logger)
        throws -> ChannelList?
    {
        if let last, !last.isRacy, last.look.channels == look.channels { return last.catalog.channels }
        guard let bytes = try HostFile.read(folder.channels, limit: 1 << 20) else { return nil }
        do {
            return try ChannelList(JSONValue(parsing: bytes, limits: JSONLimits(depth: 64)))
        } catch {
            let failure = Failure(.configError, "cannot use \"\(folder.channels)\"", cause: error)
            guard let last else { throw failure }
            logger.error("the channels stay as they were", metadata: ["error": "\(failure)"])
            return last.catalog.channels
        }
    }
}

extension FileMark {
    /// Whether the time of the last change is so near that a further change might not show: the clocks of
    /// file systems tick in milliseconds.
    fileprivate var isRecent: Bool {
        let now = Timestamp.now().milliseconds
        guard abs(now / 1000 - Int64(HTTPDate(clamping: seconds).seconds)) < 10 else { return false }
        return abs(now - Int64(seconds) * 1000 - Int64(nanoseconds / 1_000_000)) < 100
    }
}
