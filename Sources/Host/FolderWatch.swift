import CHost
import Glibc
import Synchronization
public import SystemPackage

/// Whether anything has changed in folders of this machine, as the kernel tells it (inotify(7)): it knows of every change
/// that was made before it is asked.
///
/// It is not told what other machines do to a file system that several have, so that there is none for such, nor what is written
/// through a mapping of a file.
public final class FolderWatch: Sendable {
    private let descriptor: FileDescriptor
    private let counts: @Sendable (String) -> Bool
    private let folders: [(path: FilePath, identity: FileIdentity)]
    /// It can tell nothing any more.
    private let isSpoiled = Mutex(false)

    /// File systems of one machine (statfs(2)): ext, XFS, Btrfs, tmpfs, ZFS, F2FS, bcachefs.
    private static let local: Set<UInt32> = [
        0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x2FC1_2FC1, 0xF2F5_2010, 0xCA45_1A4E,
    ]
    /// What makes other content, or another set of names.
    private static let changes = UInt32(
        IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR)
    /// Bytes of events that are read at once: some four thousand.
    private static let room = 64 << 10
    /// So often at once; then it counts as changed, whatever comes.
    private static let mostReads = 16

    /// Which folder a path leads to now; nil where nothing can be found.
    private static func identity(_ path: FilePath) -> FileIdentity? {
        // Why is of no interest here: whoever reads the folder next says it.
        (try? path.stat()).map { FileIdentity($0) }
    }

    /// - Parameter counts: the names whose change is one.
    /// - Returns: nil where the kernel would not tell everything, or has no more watches to give.
    public init?(_ folders: [FilePath], counting counts: @Sendable @escaping (String) -> Bool) {
        let raw = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard raw >= 0 else { return nil }
        let descriptor = FileDescriptor(rawValue: raw)
        guard let watched = Self.watch(folders, by: raw) else {
            // Nothing was written to it.
            try? descriptor.close()
            return nil
        }
        (self.descriptor, self.folders, self.counts) = (descriptor, watched, counts)
    }

    /// Nil if not each of them is told of.
    private static func watch(_ folders: [FilePath], by raw: Int32) -> [(path: FilePath, identity: FileIdentity)]? {
        var watched: [(path: FilePath, identity: FileIdentity)] = []
        for folder in folders {
            let isTold = unsafe folder.withPlatformString { path in
                unsafe local.contains(chost_file_system(path)) && inotify_add_watch(raw, path, changes) >= 0
            }
            guard isTold, let identity = identity(folder) else { return nil }
            watched.append((folder, identity))
        }
        return watched
    }

    deinit {
        // Nothing was written to it.
        try? descriptor.close()
    }

    /// Whether something has changed since this was asked last. Once it says nil it tells nothing any more.
    public func hasChanged() -> Bool? {
        isSpoiled.withLock { isSpoiled in
            guard !isSpoiled else { return nil }
            // By a link, a mount or a rename further up, its name may lead elsewhere now, and nobody tells that.
            guard folders.allSatisfy({ Self.identity($0.path) == $0.identity }) else {
                isSpoiled = true
                return nil
            }
            var hasChanged = false
            for _ in 0..<Self.mostReads {
                let bytes: [UInt8]
                do {
                    bytes = unsafe try [UInt8](unsafeUninitializedCapacity: Self.room) { buffer, count in
                        count = unsafe try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                } catch Errno.wouldBlock {
                    return hasChanged
                } catch {
                    isSpoiled = true
                    return nil
                }
                switch Self.judge(bytes, counts) {
                case .nothing: break
                case .something: hasChanged = true
                case .end:
                    isSpoiled = true
                    return nil
                }
            }
            return true
        }
    }

    enum Judgement: Equatable { case nothing, something, end }

    /// What events say: each has four numbers, the last of which is the length of the name that follows, with zeros.
    static func judge(_ bytes: [UInt8], _ counts: (String) -> Bool) -> Judgement {
        func number(at place: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) }
        }
        var judgement = Judgement.nothing
        var place = 0
        while place + 16 <= bytes.count {
            let mask = number(at: place + 4)
            let end = place + 16 + Int(number(at: place + 12))
            guard end <= bytes.count else { return .end }
            // The folder itself is gone, or another one, or nobody looks at it any more.
            if mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED) != 0 { return .end }
            let name = String(decoding: bytes[(place + 16)..<end].prefix { $0 != 0 }, as: UTF8.self)
            // Without a name it is the folder itself that may be read by others now.
            if mask & UInt32(IN_Q_OVERFLOW) != 0 || name.isEmpty || counts(name) { judgement = .something }
            place = end
        }
        return judgement
    }
}
