import Host
import ImageCatalog
import ImageModel
import ImageServer
import Logging
import NIOCore
import NIOPosix
import SystemPackage
import Testing

/// What clients do to connections.
@Suite struct ConnectionTests {
    private static let uuid = ImageUUID()
    private static let size = 48 << 20

    /// With a file that does not fit the buffers between server and client.
    private static func root() throws -> ImageRoot {
        let root = try ImageRoot()
        try root.add(uuid, zeros: size)
        return root
    }

    @Test func severalRequestsOnOneConnection() async throws {
        let root = try ImageRoot()
        try root.add(Self.uuid, bytes: Array("hello".utf8), sha1: "aa")
        try await RunningServer.serving(root) { server in
            let requests = [
                "HEAD /images/\(Self.uuid)/file", "GET /images/\(Self.uuid)/file", "POST /images", "GET /nowhere",
                "GET /ping",
            ]
            let text = requests.enumerated().map { number, line in
                let body = line.hasPrefix("POST") ? "Content-Length: 5\r\n" : ""
                let end = number == requests.count - 1 ? "Connection: close\r\n" : ""
                return "\(line) HTTP/1.1\r\nHost: x\r\n\(body)\(end)\r\n" + (body.isEmpty ? "" : "12345")
            }.joined()
            let channel = try await server.connect()
            let answers = try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: text))
                var answers = ""
                for try await part in inbound { answers += String(buffer: part) }
                return answers
            }
            let statuses = answers.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
            #expect(statuses == ["200", "200", "405", "404", "200"], "\(answers)")
            #expect(answers.contains("\r\n\r\nhelloHTTP/1.1 405"))
        }
    }

    @Test func aClientThatTakesNothingIsLeft() async throws {
        try await RunningServer.serving(try Self.root(), stallSeconds: 1) { server in
            let channel = try await server.connect()
            let received = try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(
                    ByteBuffer(string: "GET /images/\(Self.uuid)/file HTTP/1.1\r\nHost: x\r\n\r\n"))
                var received = 0
                do {
                    for try await part in inbound {
                        if received == 0, let port = channel.channel.localAddress?.port {
                            while try Self.isOpen(server.port, port) { try await Task.sleep(for: .milliseconds(50)) }
                        }
                        received += part.readableBytes
                    }
                } catch {}  // a reset is an end too
                return received
            }
            #expect(received > 0 && received < Self.size)
            try await #expect(server.get("/ping").status == 200)
        }
    }

    /// Who has its answer, and goes on sending what nobody reads, or never closes, takes no connection from others.
    @Test(.timeLimit(.minutes(5)), arguments: ["Connection: close\r\n", ""])
    func aConnectionEndsAfterItsAnswer(header: String) async throws {
        var configuration = ImageServer.Configuration(port: 0, hostName: "test-host")
        (configuration.mostConnections, configuration.idleSeconds) = (1, 1)
        try await RunningServer.serving(try await Self.repository(try ImageRoot()), configuration) { server in
            let channel = try await server.connect()
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(
                    ByteBuffer(string: "PUT /x HTTP/1.1\r\nHost: x\r\n\(header)Content-Length: 100000\r\n\r\n"))
                for _ in 0..<14 {
                    try await Task.sleep(for: .milliseconds(20))
                    // It may be closed by then.
                    try? await outbound.write(ByteBuffer(string: "x"))
                }
                #expect(await Self.isThereForOthers(server))
            }
        }
    }

    /// Also of little that is left of an answer.
    @Test(.timeLimit(.minutes(5))) func whoeverTakesNothingIsLeftHoweverLittleThereIs() async throws {
        let root = try Self.root()
        var configuration = ImageServer.Configuration(port: 0, hostName: "test-host")
        (configuration.mostConnections, configuration.stallSeconds) = (17, 1)
        try await RunningServer.serving(try await Self.repository(root), configuration) { server in
            let (taken, first) = try await Self.taken(server)
            var deaf = first
            for step in 1...16 { deaf.append(try await Self.ask(server, taken + step * 8192)) }
            #expect(await Self.isThereForOthers(server))
            while try Self.queued(server.port) > 0 { try await Task.sleep(for: .milliseconds(100)) }
            for channel in deaf { try? await channel.close() }
        }
    }

    /// What is left of an answer is sent, although the client has closed its end, and the server's patience for the next request is over.
    @Test(.timeLimit(.minutes(20)), arguments: [true, false]) func theRestOfAnAnswerIsSent(isClosed: Bool) async throws
    {
        try await RunningServer.serving(try Self.root(), idleSeconds: 1) { server in
            let (taken, deaf) = try await Self.taken(server)
            for step in 1...8 {
                let size = taken + step * 8192
                var received = 0
                // On a busy machine the server's patience may be over before the request is there: then nothing comes.
                while received == 0 { received = try await Self.takeLate(server, size, isClosed: isClosed) }
                #expect(received > size, "\(received) of \(size)")
            }
            for channel in deaf { try? await channel.close() }
        }
    }

    /// Asks for so many bytes, and takes what comes only after a while. Tells how much it was.
    private static func takeLate(_ server: RunningServer, _ size: Int, isClosed: Bool) async throws -> Int {
        let channel = try await connectDeaf(server)
        let whole = channel.eventLoop.makePromise(of: Int.self)
        try await channel.eventLoop.submit {
            let counter = Counter(whole)
            guard channel.isActive else { return whole.succeed(0) }
            try channel.pipeline.syncOperations.addHandler(counter)
        }.get()
        // The connection may have ended at any of these, and then it is told by what was counted.
        try? await channel.writeAndFlush(request(size))
        if isClosed { try? await channel.close(mode: .output) }
        try await Task.sleep(for: .seconds(2))
        try? await channel.setOption(.autoRead, value: true).get()
        return try await whole.futureResult.get()
    }

    /// Counts what comes until there is no more.
    private final class Counter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var count = 0
        private let whole: EventLoopPromise<Int>
        init(_ whole: EventLoopPromise<Int>) { self.whole = whole }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { count += unwrapInboundIn(data).readableBytes }
        func channelInactive(context: ChannelHandlerContext) { whole.succeed(count) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// Asks for so many bytes, and reads nothing.
    private static func ask(_ server: RunningServer, _ bytes: Int) async throws -> any Channel {
        let channel = try await connectDeaf(server)
        // It may have been left by now: who needs more of them asks again.
        try? await channel.writeAndFlush(request(bytes))
        return channel
    }

    private static func request(_ bytes: Int) -> ByteBuffer {
        ByteBuffer(string: "GET /images/\(uuid)/file HTTP/1.1\r\nHost: x\r\nRange: bytes=0-\(bytes - 1)\r\n\r\n")
    }

    /// A connection of which nothing is read.
    private static func connectDeaf(_ server: RunningServer) async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false).channelOption(.socketOption(.so_rcvbuf), value: 8192)
            .connect(host: "127.0.0.1", port: server.port).get()
    }

    /// What the system takes of an answer that nobody reads, by what it has taken of some.
    private static func taken(_ server: RunningServer) async throws -> (bytes: Int, connections: [any Channel]) {
        var connections = [try await ask(server, size)]
        var (taken, before) = (0, -1)
        while taken == 0 || taken != before {
            before = taken
            try await Task.sleep(for: .milliseconds(300))
            taken = try queued(server.port)
            // It may have been left by now, and is asked for again.
            if taken == 0 { connections.append(try await ask(server, size)) }
        }
        return (taken, connections)
    }

    /// The most bytes that the system keeps of an answer of a server on loopback, until its client takes them.
    private static func queued(_ server: Int) throws -> Int {
        let table = try HostFile.read("/proc/net/tcp").map { String(decoding: $0, as: UTF8.self) } ?? ""
        let end = ":" + String(0x1_0000 + server, radix: 16, uppercase: true).dropFirst()
        return table.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            guard words.count > 4, words[1].hasSuffix(end), words[3] == "01" else { return 0 }
            return Int(words[4].prefix { $0 != ":" }, radix: 16) ?? 0
        }.max() ?? 0
    }

    private static func repository(_ root: ImageRoot) async throws -> FolderRepository {
        try await NIOThreadPool.singleton.runIfActive {
            try FolderRepository(
                root: root.path, mode: .public, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
    }

    /// The server has not closed its end of a connection on loopback: `/proc/net/tcp` (proc(5)) has it as established.
    private static func isOpen(_ server: Int, _ client: Int) throws -> Bool {
        let table = try HostFile.read("/proc/net/tcp").map { String(decoding: $0, as: UTF8.self) } ?? ""
        func end(_ port: Int) -> String { ":" + String(0x1_0000 + port, radix: 16, uppercase: true).dropFirst() }
        return table.split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            return words.count > 3 && words[1].hasSuffix(end(server)) && words[2].hasSuffix(end(client))
                && words[3] == "01"
        }
    }

    /// For longer than the server waits for one that takes nothing, but never so long at a time.
    @Test func aClientThatTakesItsTimeIsServed() async throws {
        let limit = Duration.seconds(4)
        try await RunningServer.serving(try Self.root(), stallSeconds: limit.components.seconds) { server in
            // On a machine that is too busy for that, it is tried again.
            while true {
                let (received, longest) = try await Self.takeSlowly(server)
                if received > Self.size { return }
                if longest < limit / 2 { return #expect(received > Self.size, "a pause took \(longest) at most") }
            }
        }
    }

    private static func takeSlowly(_ server: RunningServer) async throws -> (received: Int, longestPause: Duration) {
        try await server.connect().executeThenClose { inbound, outbound in
            try await outbound.write(
                ByteBuffer(string: "GET /images/\(uuid)/file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
            var (received, pause, longest, last) = (0, 0, Duration.zero, ContinuousClock.now)
            do {
                for try await part in inbound {
                    longest = max(longest, last.duration(to: .now))
                    last = .now
                    received += part.readableBytes
                    if received > pause {
                        try await Task.sleep(for: .seconds(1))
                        pause += 8 << 20
                    }
                }
            } catch is IOError {}  // a reset is an end too
            return (received, longest)
        }
    }

    /// Whether the server answers another. On a busy machine its patience may be over for this connection, too: one that is closed
    /// without an answer is no fault, and the next is tried, for as long as only a server does that answers nobody.
    private static func isThereForOthers(_ server: RunningServer) async -> Bool {
        let end = ContinuousClock.now + .seconds(240)
        while ContinuousClock.now < end {
            if let reply = try? await server.get("/ping"), reply.status == 200 { return true }
        }
        return false
    }

    @Test(
        .timeLimit(.minutes(20)),
        arguments: [
            "", "GET /ping HT", "GET /ping HTTP/1.1\r\nHost: x\r\nX: ",
            "POST /images HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n",
        ])
    func aRequestThatDoesNotEndIsLeft(beginning: String) async throws {
        try await RunningServer.serving(try ImageRoot(), idleSeconds: 1) { server in
            // The server closes the connection, which may be before it has begun; else this would not end. It is there for others.
            _ = try? await server.exchange(beginning)
            #expect(await Self.isThereForOthers(server))
        }
    }

    @Test(
        .timeLimit(.minutes(20)),
        arguments: [
            (
                "POST /images?action=x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n",
                "x"
            ),
            (
                "POST /images HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                "1\r\nx\r\n"
            ),
            (
                "POST /images HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;",
                "x"
            ),
            ("GET /ping HTTP/1.1\r\nHost: x\r\nX: ", "x"),
        ])
    func aRequestThatTricklesIsLeft(head: String, drop: String) async throws {
        try await RunningServer.serving(
            try ImageRoot(), idleSeconds: 2, authentication: Authentication(anonymous: .writes)
        ) { server in
            let channel = try await server.connect()
            // It goes on for ever unless the server closes the connection.
            try? await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: head))
                while true {
                    try await outbound.write(ByteBuffer(string: drop))
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            #expect(await Self.isThereForOthers(server))
        }
    }

    @Test(.timeLimit(.minutes(20))) func soManyConnectionsAndNoMore() async throws {
        let repository = try await Self.repository(try ImageRoot())
        var configuration = ImageServer.Configuration(port: 0, hostName: "test-host")
        configuration.mostConnections = 20
        // Longer than the test may take: a connection that it closes would let another in.
        configuration.idleSeconds = 3600
        try await RunningServer.serving(repository, configuration) { server in
            let crowd = Crowd()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<60 { group.addTask { try await crowd.ask(server) } }
                while await crowd.answered < 20 { try await Task.sleep(for: .milliseconds(20)) }
                try await Task.sleep(for: .seconds(2))
                let answered = await crowd.answered
                #expect(answered == 20)
                // Those who wait come when others go.
                await crowd.disperse()
                try await group.waitForAll()
            }
            #expect(await crowd.answered == 60)
        }
    }

    /// Clients that keep their connection after the answer.
    private actor Crowd {
        private(set) var answered = 0
        private var isDispersed = false

        func disperse() { isDispersed = true }

        private func stay() async throws {
            answered += 1
            while !isDispersed { try await Task.sleep(for: .milliseconds(20)) }
        }

        nonisolated func ask(_ server: RunningServer) async throws {
            let channel = try await server.connect()
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"))
                for try await _ in inbound {
                    try await stay()
                    break
                }
            }
        }
    }

    @Test func headersHaveLimits() async throws {
        try await RunningServer.serving(try ImageRoot()) { server in
            let floods = [
                "GET /ping HTTP/1.1\r\nHost: x\r\nX: " + String(repeating: "x", count: 100_000) + "\r\n\r\n",
                "GET /ping HTTP/1.1\r\nHost: x\r\n" + String(repeating: "X: y\r\n", count: 20_000) + "\r\n",
                "GET /" + String(repeating: "x", count: 1_000_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
            ]
            for flood in floods {
                let status = try? await server.exchange(flood).status
                #expect([400, 414, 431, 0, nil].contains(status), "\(String(describing: status))")
            }
            try await #expect(server.get("/ping").status == 200)
        }
    }

    @Test func nonsenseDoesNoHarm() async throws {
        let root = try ImageRoot()
        try root.add(Self.uuid, bytes: Array("hello".utf8), sha1: "aa")
        let pieces = [
            "GET", "HEAD", "PUT", " ", "/images", "/images/\(Self.uuid)", "/file", "?", "&", "=", "limit", "marker",
            "2021", "sort", "name=~", "%", "%f", "+", "[]",
            " HTTP/1.1\r\n", "\r\n", "Range: bytes=", "-", "0", "99999999999999999999", "If-Range: ", "If-Match: ",
            "\"", "W/", ",", "Accept-Version: ", "~", "||", "<",
            "Accept: ", ";q=", "nan", "x-request-id: ", "\u{0}", "é", "\n", "Content-Length: 5",
            "Transfer-Encoding: chunked",
        ]
        try await RunningServer.serving(root) { server in
            for _ in 0..<600 {
                let middle = (0..<Int.random(in: 0..<12)).map { _ in pieces.randomElement() ?? "" }.joined()
                let request =
                    switch Int.random(in: 0..<3) {
                    case 0: "GET /images?\(middle) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                    case 1:
                        "GET /images/\(Self.uuid)/file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(middle)\r\n\r\n"
                    default: middle + "\r\n\r\n"
                    }
                let channel = try await server.connect()
                try? await channel.executeThenClose { inbound, outbound in
                    try await outbound.write(ByteBuffer(string: request))
                    outbound.finish()
                    for try await _ in inbound {}
                }
            }
            try await #expect(server.get("/images").list("uuid") == [Self.uuid.description])
        }
    }
}
