import Host
import ImageCatalog
import ImageServer
import JSON
import Logging
import NIOCore
import NIOPosix
import SystemPackage

/// The real server, on loopback, in this process.
struct RunningServer: Sendable {
    let port: Int

    /// Serves a folder while `body` runs.
    static func serving(
        _ root: ImageRoot, mode: ServerMode = .public, stallSeconds: Int64 = 300, idleSeconds: Int64 = 120,
        authentication: Authentication = Authentication(), audit: FilePath? = nil,
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        // Not on a thread that others wait for.
        let repository = try await NIOThreadPool.singleton.runIfActive {
            try FolderRepository(root: root.path, mode: mode, logger: logger)
        }
        var configuration = ImageServer.Configuration(port: 0, hostName: "test-host")
        configuration.stallSeconds = stallSeconds
        configuration.idleSeconds = idleSeconds
        configuration.authentication = authentication
        configuration.audit = audit
        try await serving(repository, configuration, body)
    }

    /// Serves a repository while `body` runs.
    static func serving(
        _ repository: any ImageRepository, _ configuration: ImageServer.Configuration,
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = ImageServer(repository, configuration: configuration, logger: logger)
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.run(untilSignals: false) { announce.yield($0) }
            }
            for await port in ports {
                try await body(RunningServer(port: port))
                break
            }
            group.cancelAll()
        }
    }

    /// One request over a connection of its own.
    func send(_ method: String = "GET", _ target: String, _ headers: [String: String] = [:]) async throws -> Reply {
        let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        return try await exchange(
            "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(lines)\r\n")
    }

    /// One request with a body.
    func send(_ method: String, _ target: String, body: String, _ headers: [String: String] = [:]) async throws -> Reply
    {
        var all = ["Content-Type": "application/json", "Content-Length": "\(body.utf8.count)"]
        all.merge(headers) { $1 }
        let lines = all.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        return try await exchange(
            "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(lines)\r\n\(body)")
    }

    func get(_ target: String, _ headers: [String: String] = [:]) async throws -> Reply {
        try await send("GET", target, headers)
    }

    /// Sends bytes as they stand, and reads what comes until the server closes.
    func exchange(_ request: String) async throws -> Reply { try await exchange(Array(request.utf8)) }

    /// Sends pieces as they come.
    func exchange(inPieces pieces: AsyncStream<[UInt8]>) async throws -> Reply {
        try await connect().executeThenClose { inbound, outbound in
            for await piece in pieces { try await outbound.write(ByteBuffer(bytes: piece)) }
            var bytes: [UInt8] = []
            for try await part in inbound { bytes += Array(buffer: part) }
            return Reply(bytes)
        }
    }

    /// One request whose last byte goes once the server has let its sender in, and something else has been done since.
    ///
    /// - Parameter audit: where the server records changes. It opens that once it knows who asks, before it reads the body.
    func exchange(
        _ head: String, body: String, audit: FilePath, meanwhile: () async throws -> Void
    ) async throws -> Reply {
        try HostFile.remove(audit)
        let (pieces, send) = AsyncStream.makeStream(of: [UInt8].self)
        async let late = exchange(inPieces: pieces)
        send.yield(Array(head.utf8) + Array(body.utf8.dropLast()))
        // One who is refused at once is told why.
        let end = ContinuousClock.now + .seconds(60)
        while try !HostFile.exists(audit), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
        try await meanwhile()
        send.yield(Array(body.utf8.suffix(1)))
        send.finish()
        return try await late
    }

    func exchange(_ request: [UInt8]) async throws -> Reply {
        let channel = try await connect()
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: request))
            var bytes: [UInt8] = []
            for try await part in inbound { bytes += Array(buffer: part) }
            return Reply(bytes)
        }
    }

    func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            }
        }
    }
}

/// What a server answered.
struct Reply: Sendable {
    let status: Int
    /// By name in lower case.
    let headers: [String: String]
    let body: [UInt8]

    init(_ bytes: [UInt8]) {
        let end = bytes.prefix(1 << 16).firstRange(of: Array("\r\n\r\n".utf8))
        let head = String(decoding: bytes[..<(end?.lowerBound ?? bytes.count)], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        headers = Dictionary(
            lines.dropFirst().map { line in
                let halves = line.split(separator: ":", maxSplits: 1)
                return (halves[0].lowercased(), halves.count > 1 ? String(halves[1].drop { $0 == " " }) : "")
            }, uniquingKeysWith: { first, _ in first })
        body = end.map { Array(bytes[$0.upperBound...]) } ?? []
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue? { try? JSONValue(parsing: body) }
    var code: String? { json?["code"]?.stringValue }
    var message: String? { json?["message"]?.stringValue }
    /// Of a listing, that field of each image.
    func list(_ field: String) -> [String] {
        json?.arrayValue?.map { $0[field]?.stringValue ?? "-" } ?? ["no list: \(status) \(text)"]
    }
}

extension RunningServer {
    /// One request with any body.
    func send(_ method: String, _ target: String, bytes: [UInt8], _ headers: [String: String]) async throws -> Reply {
        let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        let head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(lines)\r\n"
        return try await exchange(Array(head.utf8) + bytes)
    }
}
