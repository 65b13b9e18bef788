import Glibc
import Host
import SystemPackage

/// The files and connections of this process.
enum OpenFiles {
    /// A connection of another test that a server inherited would not end before the server does.
    static func keepFromChildren() throws {
        for descriptor in try HostFile.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }
}

/// A server that a test started; it is killed when nobody needs it any more.
public final class ServerProcess: Sendable {
    /// What it prints.
    private let output: FileDescriptor
    public let pid: pid_t

    /// - Parameter log: the file that takes what it says on standard error, which is not the test runner's: whoever reads
    ///   that would wait for the server.
    public init(_ words: [String], log: FilePath = "/dev/null") throws {
        guard let program = ExecutableSearch.find(words[0]) else { throw Errno.noSuchFileOrDirectory }
        let ends = try FileDescriptor.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends.writeEnd.rawValue, 1)
        posix_spawn_file_actions_addclose(&actions, ends.readEnd.rawValue)
        posix_spawn_file_actions_addopen(&actions, 2, log.string, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        try OpenFiles.keepFromChildren()
        let strings = words.map { strdup($0) } + [nil]
        defer { strings.forEach { free($0) } }
        var pid: pid_t = 0
        let failed = posix_spawn(&pid, program.string, &actions, nil, strings, environ)
        try ends.writeEnd.close()
        guard failed == 0 else {
            try ends.readEnd.close()
            throw Errno(rawValue: failed)
        }
        self.pid = pid
        output = ends.readEnd
        Leftovers.atExit { [pid] in Glibc.kill(pid, SIGKILL) }
    }

    deinit {
        stop()
        try? output.close()
    }

    /// The next line it prints; what it has printed if it ends before.
    public func nextLine() throws -> String {
        var text: [UInt8] = []
        var byte: [UInt8] = [0]
        while try byte.withUnsafeMutableBytes({ try output.read(into: $0) }) == 1, byte[0] != 10 { text += byte }
        return String(decoding: text, as: UTF8.self)
    }

    /// It has ended by itself.
    var hasEnded: Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo == SIGCHLD
    }

    /// Ends it at once.
    public func kill() { stop() }

    private func stop() {
        Glibc.kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}
