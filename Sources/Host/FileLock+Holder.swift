import Glibc
public import SystemPackage
public import Time

/// Who holds a lock, and whether that process lives.
///
/// A process that was killed keeps its locks until the last of its threads is gone, and a child that it was about to start
/// has them until it runs its program. On a busy machine that takes some tens of milliseconds, in which somebody who comes
/// after it finds a lock that nobody will use any more. Commands that it had started and that change datasets go on without
/// it; until they have ended, its locks count as held.
extension FileLock {
    private static let whileDying = Backoff(
        patience: .seconds(10), firstPause: .milliseconds(20), longestPause: .milliseconds(200))

    /// Takes the lock if it is free, or as soon as a holder that is at its end is gone.
    ///
    /// - Parameter clock: what is waited by.
    /// - Returns: nil if one that lives holds it, or one that is at its end does not go within ten seconds.
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    public static func takingFromTheDying(
        _ path: FilePath, by clock: any Timekeeper = .real
    ) async throws -> FileLock? {
        var looks = 0
        return try await whileDying(by: clock) { _ in
            if let lock = try tryTaking(path) { return .done(lock) }
            // Three looks, since the kernel forgets the signal a moment before it marks the process as ending.
            looks = try holderLives(path) ? looks + 1 : 0
            return looks < 3 ? .passing(.success(nil)) : .done(nil)
        }
    }

    /// Writes down who holds it. Nobody needs to be able to: without that, a holder counts as living.
    func noteHolder(_ file: FileDescriptor) {
        guard ftruncate(file.rawValue, 0) == 0 else { return }
        _ = try? file.writeAll(toAbsoluteOffset: 0, "\(getpid())\n\(RunMark.own.environmentValue)\n".utf8)
    }

    /// The most bytes that are written down.
    private static let noteLimit = 64

    /// The commands that a dead holder, who did not give the lock back, has left at work.
    static func commandsOfTheDead(_ file: FileDescriptor) throws -> [LockHolder] {
        var bytes = [UInt8](repeating: 0, count: noteLimit)
        let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try file.read(fromAbsoluteOffset: 0, into: $0) }
        let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        // Other tools' lock files, and those of a run that died before it wrote, say nothing.
        guard lines.count == 2, let mark = RunMark(lines[1]), mark != .own else { return [] }
        return mark.commands()
    }

    /// Those who have the lock, or have not yet ended what they do under it.
    static func holders(of path: FilePath) throws -> [LockHolder] {
        let holders = try LockHolder.all(of: path, byte: nil)
        guard holders.isEmpty, let file = try HostFile.open(path) else { return holders }
        defer { try? file.close() }
        return try commandsOfTheDead(file)
    }

    private static func holderLives(_ path: FilePath) throws -> Bool {
        guard let bytes = try HostFile.read(path, limit: noteLimit),
            let pid = pid_t(String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }), pid > 0
        else { return true }
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        // proc(5). Where there is none, a process that is there lives.
        guard let stat = try processFile(pid, "stat"), let status = try processFile(pid, "status") else { return true }
        let fields = Array(stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ").dropFirst())
        guard fields.count > 6, let flags = UInt32(fields[6]) else { return true }
        let isEnding = flags & 0x4 != 0
        return !isEnding && fields[0] != "Z" && !isBeingKilled(status)
    }

    /// SIGKILL waits for it, or for one of its threads.
    private static func isBeingKilled(_ status: String) -> Bool {
        status.split(separator: "\n").contains { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count == 2, words[0] == "SigPnd:" || words[0] == "ShdPnd:" else { return false }
            return UInt64(words[1], radix: 16).map { $0 & (1 << UInt64(SIGKILL - 1)) != 0 } ?? false
        }
    }

    /// - Returns: nil for a process that is no more.
    private static func processFile(_ pid: pid_t, _ name: String) throws -> String? {
        do {
            return try HostFile.read(FilePath("/proc/\(pid)/\(name)"), limit: 1 << 16).map {
                String(decoding: $0, as: UTF8.self)
            }
        } catch {
            // It went away between opening and reading (ESRCH): the next look tells.
            return nil
        }
    }
}
