import Glibc
import Host
public import SystemPackage

/// Our image server, serving a folder on loopback.
public final class TestServer: Sendable {
    public let url: String
    public let port: Int
    private let pid: pid_t

    /// Starts the server and waits until it listens.
    public init(_ folder: FilePath, arguments: [String] = []) throws {
        let ends = try FileDescriptor.pipe()
        let words = [Binaries.server, "--root", folder.string, "--listen", "127.0.0.1:0"] + arguments
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends.writeEnd.rawValue, 1)
        posix_spawn_file_actions_addclose(&actions, ends.readEnd.rawValue)
        // Not the test runner's: whoever reads that would wait for the server.
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let strings = words.map { strdup($0) } + [nil]
        defer { strings.forEach { free($0) } }
        var pid: pid_t = 0
        let failed = posix_spawn(&pid, Binaries.server, &actions, nil, strings, environ)
        try ends.writeEnd.close()
        guard failed == 0 else { throw Errno(rawValue: failed) }
        self.pid = pid
        Leftovers.atExit { [pid] in kill(pid, SIGKILL) }
        var text: [UInt8] = []
        var byte: [UInt8] = [0]
        while try byte.withUnsafeMutableBytes({ try ends.readEnd.read(into: $0) }) == 1, byte[0] != 10 { text += byte }
        let line = String(decoding: text, as: UTF8.self)
        guard line.hasPrefix("listening on http://"), let port = line.split(separator: ":").last.flatMap({ Int($0) })
        else {
            throw Errno.connectionRefused
        }
        url = "http://127.0.0.1:\(port)"
        self.port = port
        // The other end of stdout stays open as long as the server lives.
        _ = ends.readEnd
    }

    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}
