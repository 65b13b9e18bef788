import CHost
import Glibc
import SystemPackage

/// A process that has a lock, as `/proc` tells. Those of other users are only seen by root, and those in other containers not
/// at all.
public struct LockHolder: Sendable, Hashable, CustomStringConvertible {
    public let process: Int32
    /// The first words that it was started with: what comes after them can be long, or secret.
    public let command: String

    public var description: String { command.isEmpty ? "process \(process)" : "process \(process) (\(command))" }

    /// Those who have a lock of a file, other than this process.
    ///
    /// The kernel knows the owner of a lock that belongs to an open file only by the files that processes have open, so all of
    /// `/proc` is read: call it on a thread of its own.
    ///
    /// - Parameter byte: which of the file; nil for its lock as a whole (`flock`).
    static func all(of path: FilePath, byte: Int64?) throws -> [LockHolder] {
        guard let file = number(of: path.string) else { return [] }
        return ProcFolder.names("/proc").compactMap { name -> LockHolder? in
            guard let process = pid_t(name), process != getpid() else { return nil }
            let has = ProcFolder.names("/proc/\(name)/fd").contains { number in
                // Most files are somewhere else, some with servers that do not answer; those that are gone by now are not it.
                guard let open = LockHolder.number(of: "/proc/\(name)/fd/\(number)"), open == file else { return false }
                return lines("/proc/\(name)/fdinfo/\(number)").contains { isLock($0, byte) }
            }
            return has ? LockHolder(process) : nil
        }
    }

    private static func number(of path: String) -> [UInt64]? {
        var (device, inode) = (UInt64(0), UInt64(0))
        guard unsafe chost_file_number(path, &device, &inode) == 0 else { return nil }
        return [device, inode]
    }

    init(_ process: pid_t) {
        self.process = process
        command = LockHolder.command("\(process)")
    }

    /// A line of proc_pid_fdinfo(5) stands for a lock: `lock: NUMBER: KIND ADVISORY MODE PID DEVICE:INODE START END`.
    static func isLock(_ line: String, _ byte: Int64?) -> Bool {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 9, words[0] == "lock:" else { return false }
        guard let byte else { return words[2] == "FLOCK" }
        guard words[2] == "OFDLCK", let start = Int64(words[7]) else { return false }
        return start <= byte && (words[8] == "EOF" || Int64(words[8]).map { byte <= $0 } ?? false)
    }

    private static func command(_ process: String) -> String {
        // A process that has gone, or is somebody else's, has none that we could name.
        let bytes = (try? HostFile.read(FilePath("/proc/\(process)/cmdline"), limit: 4 << 20)) ?? nil
        let words = (bytes ?? []).split(separator: 0).prefix(2).map { String(decoding: $0, as: UTF8.self) }
        let program = words.first?.split(separator: "/").last.map { String($0) }
        return ([program].compactMap(\.self) + words.dropFirst()).map { String($0.prefix(80)) }.joined(separator: " ")
    }

    /// None where the process, or the file, has gone.
    private static func lines(_ path: String) -> [String] {
        let bytes = (try? HostFile.read(FilePath(path), limit: 1 << 20)) ?? nil
        return (bytes ?? []).split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}
