import Glibc
import SystemPackage

/// What tells a run of the program from all others.
///
/// It stands in the lock files that the run has, and in the environment of its commands that change datasets. Such a command
/// is never killed, and goes on when the run itself is: what it changes then is changed behind the back of whoever comes next,
/// unless he waits for it.
struct RunMark: Hashable, Sendable {
    private let text: String

    /// The environment variable that commands have it in.
    static let variable = "IMGADM_RUN"

    /// This run's.
    static let own = RunMark(text: String(UInt64.random(in: .min ... .max), radix: 16))

    private init(text: String) { self.text = text }

    /// - Returns: nil if it is none.
    init?(_ text: some StringProtocol) {
        guard (1...16).contains(text.utf8.count), UInt64(text, radix: 16) != nil else { return nil }
        self.init(text: String(text))
    }

    var environmentValue: String { text }

    /// The commands of the run that are at work now, as far as this user may see them. All of `/proc` is read.
    func commands() -> [LockHolder] {
        let entry = Array("\(RunMark.variable)=\(text)".utf8)
        return ProcFolder.names("/proc").compactMap { name in
            guard let process = pid_t(name), process != getpid() else { return nil }
            // One that has gone since has nothing left to do; those of other users are none of ours, and what they have in place of an
            // environment may keep its reader waiting for good.
            guard RunMark.isOurs(name) else { return nil }
            let environment = (try? HostFile.read(FilePath("/proc/\(name)/environ"), limit: 8 << 20)) ?? nil
            guard let environment, environment.split(separator: 0).contains(where: { $0.elementsEqual(entry) }) else {
                return nil
            }
            return LockHolder(process)
        }
    }

    /// A process is this user's, whatever program it runs (proc(5), "status": four users, the real one and the effective one first).
    private static func isOurs(_ process: String) -> Bool {
        guard let bytes = (try? HostFile.read(FilePath("/proc/\(process)/status"), limit: 1 << 16)) ?? nil,
            let line = bytes.split(separator: UInt8(ascii: "\n")).first(where: { $0.starts(with: "Uid:".utf8) })
        else { return false }
        let users = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).dropFirst().prefix(2)
        return users.count == 2 && users.allSatisfy { uid_t($0) == geteuid() }
    }
}
