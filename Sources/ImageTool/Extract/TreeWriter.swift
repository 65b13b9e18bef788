import Failure
import Glibc
import Host
import Layers
import SendStream
import SystemPackage
import Tar

/// Makes files below a folder, and never outside of it, whatever they are called and whatever links stand in the way. Who is
/// not root gets all files as its own, and no devices.
final class TreeWriter {
    private var extractor: LayerExtractor
    private let isRoot: Bool
    private let folder: FilePath
    /// Folders that are to have a mode by which nothing could be made in them: they get it when all is in them.
    private var closed: [FileNumber: (place: FolderPlace, mode: UInt32)] = [:]
    private(set) var skipped: [String: Int] = [:]
    private var losses = PlaceLosses()

    /// - Parameters:
    ///   - folder: is made if it is not there.
    ///   - sources: what is extracted from. It may lie in the folder, and an entry have its name.
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    init(_ folder: FilePath, keeping sources: [FileIdentity], isRoot: Bool = geteuid() == 0) throws {
        self.folder = folder
        self.isRoot = isRoot
        try HostFile.makeFolder(folder)
        do {
            let kept = sources.map { FileNumber(device: $0.device, inode: $0.inode) }
            extractor = try LayerExtractor(tree: folder.string, keeping: Set(kept))
        } catch {
            throw Self.failure(error, folder)
        }
    }

    /// Begins an entry, which ``end()`` must end.
    ///
    /// - Returns: false if it cannot be made here, and is left out: ``loss`` tells of one in whose place lies what is extracted from, or a
    ///   folder with something in it.
    @discardableResult
    func begin(_ entry: TarEntry) throws -> Bool {
        let mode = entry.mode
        var entry = entry
        guard entry.kind != .hardLink || !losses.has(entry.linkTarget) else {
            losses.note(entry.path, Failure(.usage, "\"\(place(entry.path))\" is a link to what was not made"))
            return false
        }
        if !isRoot {
            guard entry.kind != .characterDevice, entry.kind != .blockDevice else {
                skip("devices, which only root can make")
                return false
            }
            (entry.uid, entry.gid) = (.max, .max)
            let mine = entry.extendedAttributes.filter { $0.name.starts(with: "user.".utf8) }
            for _ in mine.count..<entry.extendedAttributes.count { skip("extended attributes of the system") }
            entry.extendedAttributes = mine
            if entry.kind == .directory { entry.mode |= 0o700 }
        }
        do {
            try extractor.begin(entry)
        } catch let fault as LayerError where fault.reason == .keptFile || fault.reason == .fullFolder {
            losses.note(entry.path, refusal(fault.reason, entry.path))
            return false
        } catch {
            throw Self.failure(error, folder)
        }
        if !isRoot, entry.kind == .directory, let place = extractor.describedFolder {
            closed[place.number] = entry.mode == mode ? nil : (place, mode)
        }
        return true
    }

    private func refusal(_ reason: LayerError.Reason, _ path: [UInt8]) -> Failure {
        let what = reason == .keptFile ? "what is extracted from" : "a folder with something in it"
        return Failure(.usage, "\"\(place(path))\" is \(what), and would be lost", hint: "-C names another folder")
    }

    private func place(_ path: [UInt8]) -> FilePath {
        folder.appending(String(decoding: path, as: UTF8.self)).lexicallyNormalized()
    }

    /// Why entries were not made for what lies in their place, though all others were; nil: none.
    var loss: Failure? { losses.failure }

    func content(_ bytes: RawSpan, at offset: UInt64) throws {
        try attempt { try extractor.content(bytes, at: offset) }
    }

    func end() throws { try attempt { try extractor.end() } }

    /// All entries have been made: folders get their modes and times.
    func finish() throws {
        try attempt {
            try extractor.finish()
            // What is in a folder comes before it.
            for folder in closed.values.sorted(by: { $0.place.depth > $1.place.depth }) {
                try extractor.setMode(folder.mode, of: folder.place)
            }
        }
    }

    /// Something is left out.
    func skip(_ what: String) { skipped[what, default: 0] += 1 }

    /// What was left out, for people.
    var remarks: [String] {
        var remarks = skipped.sorted { $0.key < $1.key }.map { "left out: \($0.key) (\($0.value))" }
        if extractor.lostAttributes > 0 {
            remarks.append("the file system here does not keep some extended attributes (\(extractor.lostAttributes))")
        }
        if extractor.cutTimes > 0 {
            remarks.append("the file system here does not have some times (\(extractor.cutTimes)): it has the nearest")
        }
        return remarks
    }

    private func attempt(_ body: () throws -> Void) throws {
        do { try body() } catch { throw Self.failure(error, folder) }
    }

    private static func failure(_ error: any Error, _ folder: FilePath) -> any Error {
        let doing = "cannot extract into"
        let what = "\(doing) \"\(folder)\""
        switch error {
        case let fault as LayerError: return Failure(.invalidFile, what, cause: fault)
        case let entry as EntryError:
            let refusal = HostFile.failure(doing, folder, entry.errno)
            let isOurs = ![.permissionDenied, .notPermitted].contains(entry.errno)
            return Failure(
                refusal.code, refusal.message, cause: entry, hint: isOurs ? refusal.hint : "is the folder yours?")
        case let errno as Errno: return HostFile.failure(doing, folder, errno)
        default: return error
        }
    }
}

extension TarEntry {
    /// A file of a file system, as an archive has it; nil for what archives do not have.
    init?(_ entry: FileSystemEntry, path: [UInt8], linkedTo target: [UInt8]?) {
        let attributes = entry.attributes
        let kinds: [FileAttributes.Kind: Kind] = [
            .file: .file, .directory: .directory, .symbolicLink: .symbolicLink, .characterDevice: .characterDevice,
            .blockDevice: .blockDevice, .fifo: .fifo,
        ]
        guard let kind = target == nil ? kinds[attributes.kind] : .hardLink else { return nil }
        self.init(path: path, kind: kind)
        linkTarget = target ?? attributes.linkTarget
        mode = attributes.permissions
        uid = attributes.owner ?? .max
        gid = attributes.group ?? .max
        size = kind == .file ? attributes.size : 0
        modified = TarTime(seconds: attributes.modified, nanoseconds: attributes.modifiedNanoseconds)
        (deviceMajor, deviceMinor) = (attributes.deviceMajor, attributes.deviceMinor)
        extendedAttributes = attributes.extendedAttributes.map { ($0.name, $0.value) }
    }
}
