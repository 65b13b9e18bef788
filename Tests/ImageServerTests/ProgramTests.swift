import Glibc
import Host
import ImageModel
import NIOCore
import SystemPackage
import TestHost
import Testing

/// The program `imgapi-server`: its arguments, its exit statuses, its end.
@Suite struct ProgramTests {
    private static func run(_ arguments: String) async throws -> (status: Int, output: String) {
        let output = try await Tool.shell("set +e; '\(Binaries.server)' \(arguments) 2>&1; echo $?")
        var lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return (lines.popLast().flatMap { Int($0) } ?? -1, lines.joined(separator: "\n"))
    }

    static let rows: [(arguments: String, status: Int, says: String)] = [
        ("--version", 0, "imgapi-server 0.1.0"),
        ("--help", 0, "imgapi-server mirror --root DIR | --registry HOST[:PORT]/NAME --from URL"),
        ("", 2, "--root"),
        ("--root", 2, "--root"),
        ("--root /tmp --nonsense", 2, "--nonsense"), ("--root /tmp x", 2, "x"),
        ("--root /tmp --listen nonsense", 2, "--listen"),
        ("--root /tmp --listen 127.0.0.1:65536", 2, "--listen"), ("--root /tmp --listen ::1:80", 2, "--listen"),
        ("--root /tmp --mode dc", 2, "--mode"), ("--root /tmp --registry 127.0.0.1:5000/x", 2, "do not go together"),
        ("--registry 127.0.0.1:1/vm/images", 1, "error (ConnectionError)"),
        ("--registry images", 2, "HOST[:PORT]/NAME"),
        ("--registry 127.0.0.1/x:tag", 2, "HOST[:PORT]/NAME"), ("--root /tmp --channels /x", 2, "--channels"),
        ("--root /tmp --tls-cert /x", 2, "--tls-key"),
        ("--root /tmp --tls-cert /etc/hostname --tls-key /etc/hostname", 1, "error (ConfigError)"),
        ("--config /nonexistent", 1, "error (ConfigError): there is no configuration file"),
        ("--config /etc/hostname", 1, "error (ConfigError): cannot use \"/etc/hostname\""),
        (
            "--root /nonexistent", 1,
            "imgapi-server: error (FileSystemError): there is no folder \"/nonexistent\""
        ),
        ("--root /etc/hostname", 1, "error (FileSystemError)"),
        ("--root /tmp --listen 203.0.113.1:1", 1, "error (ConnectionError): cannot listen on 203.0.113.1:1"),
        ("--root /tmp --listen 203.0.113.1:1", 1, "this machine has no such address\n  hint: ip address"),
        ("--root /tmp --port 80", 2, "--listen ADDR:80"), ("--root /tmp --listen 65536", 2, "--listen"),
        ("--root /nonexistent --listen 65535", 1, "error (FileSystemError): there is no folder \"/nonexistent\""),
        ("--root /tmp --tokens /nonexistent", 1, "error (ConfigError): there is no file of tokens"),
        ("--root /tmp --users /nonexistent", 1, "error (ConfigError): there is no file of users"),
        ("--root /tmp --keys /nonexistent", 1, "error (ConfigError): there is no folder of keys"),
        (
            "--root /tmp --tokens /etc/passwd", 1,
            "error (UnsafeFile): \"/etc/passwd\" cannot be trusted: everybody may read what is secret in it"
        ),
        ("--root /tmp --reads users", 2, "--reads users needs"),
        ("--root /tmp --mode private --listen 203.0.113.1:1", 2, "a private server shows its images to its users"),
        ("--root /tmp --mode private --listen 203.0.113.1:1 --reads anyone", 1, "cannot listen"),
        ("--root /tmp --audit /nonexistent/audit", 1, "error (FileSystemError): cannot append to"),
        ("--root /tmp --most-requests 0", 2, "--most-requests"), ("--root /tmp --largest-file 0", 2, "--largest-file"),
    ]

    @Test(arguments: rows)
    func arguments(row: (arguments: String, status: Int, says: String)) async throws {
        let (status, output) = try await Self.run(row.arguments)
        #expect(status == row.status, "\(output)")
        #expect(output.contains(row.says), "\(output)")
    }

    @Test(arguments: ["1", "29", "80", "0", "junk", "99999999999999999999"])
    func helpFitsWhateverColumnsSays(columns: String) async throws {
        for words in ["--help", "help", "help serve", "help mirror", "mirror --help", "completion -h"] {
            let output = try await Tool.shell("COLUMNS=\(columns) '\(Binaries.server)' \(words)")
            #expect(output.contains("USAGE: imgapi-server"), "\(words): \(output)")
            let usage = output.split(separator: "\n").drop { !$0.hasPrefix("USAGE: ") }
                .prefix { $0.hasPrefix("USAGE: ") || $0.hasPrefix("       ") }
            let width = max(min(Int(columns) ?? 80, 100), 40)
            #expect(Int(columns) ?? 0 <= 0 || usage.allSatisfy { $0.count <= width }, "\(words): \(usage)")
        }
    }

    /// As imgadm tells them.
    @Test(arguments: [
        ("--nonsense", "Unknown option '--nonsense'", "imgapi-server --help shows the options"),
        ("--root /tmp --mode dc", "", "imgapi-server --help shows the options"),
        ("--root /tmp --port 80", "there is no --port: --listen ADDR:80", "imgapi-server --help shows the options"),
        ("mirror --nonsense", "", "imgapi-server help mirror shows the options"),
        ("mirror", "", "imgapi-server help mirror shows the options"),
    ])
    func aMistakeIsOneLineAndAHint(words: String, says: String, hint: String) async throws {
        let (status, output) = try await Self.run(words)
        let lines = output.split(separator: "\n")
        #expect(status == 2 && lines.count == 2, "\(output)")
        #expect(lines.first?.hasPrefix("imgapi-server: error (Option): \(says)") == true, "\(output)")
        #expect(lines.last == "  hint: \(hint)", "\(output)")
    }

    @Test func aPortThatIsTakenIsToldWithWhatToDo() async throws {
        let (_, pid, server) = try await Self.start()
        defer { kill(pid, SIGKILL) }
        let (status, output) = try await Self.run("--root /tmp --listen 127.0.0.1:\(server.port)")
        #expect(status == 1 && output.contains("another program listens there"), "\(output)")
        #expect(output.contains("\n  hint: ss -ltnp 'sport = :\(server.port)'"), "\(output)")
    }

    private static let uuid = ImageUUID()
    private static let size = 48 << 20
    private static let request = "GET /images/\(uuid)/file HTTP/1.1\r\nHost: x\r\n\r\n"

    private static func start() async throws -> (root: ImageRoot, pid: pid_t, server: RunningServer) {
        let root = try ImageRoot()
        try root.add(uuid, zeros: size)
        let folder = root.path
        let output = try await Tool.shell(
            """
            { '\(Binaries.server)' --root \(folder) --listen 127.0.0.1:0 > \(folder)/out & echo $! > \(folder)/pid; wait; } 2> \(folder)/err &
            for i in $(seq 1200); do grep -q listening \(folder)/out 2>/dev/null && break; sleep 0.05; done; cat \(folder)/pid \(folder)/out
            """)
        let lines = output.split(separator: "\n")
        let pid = try #require(lines.first.flatMap { Int32($0) })
        let port = try #require(lines.last?.split(separator: ":").last.flatMap { Int($0) })
        #expect(lines.last == "listening on http://127.0.0.1:\(port)")
        return (root, pid, RunningServer(port: port))
    }

    private static func ended(_ pid: pid_t) async throws -> Bool {
        for _ in 0..<4000 where kill(pid, 0) == 0 { try await Task.sleep(for: .milliseconds(50)) }
        return kill(pid, 0) != 0
    }

    /// Waits until the program has heard a signal: then it takes no more connections.
    private static func hasHeard(_ server: RunningServer) async throws {
        while (try? await server.get("/ping")) != nil { try await Task.sleep(for: .milliseconds(20)) }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func transfersAreFinishedAfterASignal(signal: Int32) async throws {
        let (root, pid, server) = try await Self.start()
        let channel = try await server.connect()
        let received = try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: Self.request))
            var received = 0
            for try await part in inbound {
                if received == 0 {
                    kill(pid, signal)
                    try await Self.hasHeard(server)
                }
                received += part.readableBytes
            }
            return received
        }
        #expect(received > Self.size)
        try await #expect(Self.ended(pid))
        _ = root
    }

    /// One that comes later: a terminal that goes away sends several at once.
    @Test func aSecondSignalEndsItAtOnce() async throws {
        let (root, pid, server) = try await Self.start()
        let channel = try await server.connect()
        try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: Self.request))
            for try await _ in inbound {
                for signal in [SIGHUP, SIGTERM, SIGHUP, SIGINT] {
                    kill(pid, signal)
                    try await Task.sleep(for: .milliseconds(20))  // reason: two at a time would be one
                }
                try await Self.hasHeard(server)
                try await Task.sleep(for: .milliseconds(1100))  // reason: from here on a signal counts
                kill(pid, SIGHUP)
                try await Task.sleep(for: .milliseconds(200))  // reason: it would have ended by then
                #expect(kill(pid, 0) == 0)
                kill(pid, SIGINT)
                try await #expect(Self.ended(pid))
                break
            }
        }
        _ = root
    }
}
