import NIOCore
import NIOPosix
import Synchronization

/// A server that says what a test wants, and remembers what it was asked.
public final class CannedServer: Sendable {
    public let url: String
    public let port: Int
    private let channel: any Channel
    private let state: State

    final class State: Sendable {
        let answers: Mutex<[String: [UInt8]]>
        let heads = Mutex<[String]>([])
        let respond: (@Sendable (_ head: String) -> [UInt8]?)?

        init(_ answers: [String: String], respond: (@Sendable (_ head: String) -> [UInt8]?)?) {
            self.answers = Mutex(answers.mapValues { Array($0.utf8) })
            self.respond = respond
        }

        func answer(to head: String) -> [UInt8]? {
            heads.withLock { $0.append(head) }
            if let bytes = respond?(head) { return bytes }
            let path = head.split(separator: " ").dropFirst().first.map { String($0.prefix { $0 != "?" }) } ?? ""
            return answers.withLock { $0[path] ?? $0["*"] }
        }
    }

    /// - Parameter answers: bodies by path, the query left away; each is sent as JSON with status 200. A body that begins with
    ///   `HTTP/1.1` is sent as it stands. `*` is for all other paths, which else are 404.
    /// - Parameter respond: is asked before them, with the head of the request.
    public convenience init(
        _ answers: [String: String] = [:], respond: (@Sendable (_ head: String) -> String?)? = nil
    ) async throws {
        guard let respond else {
            try await self.init(answers, bytes: nil)
            return
        }
        try await self.init(answers, bytes: { head in respond(head).map { Array($0.utf8) } })
    }

    /// - Parameter respond: as above, where an answer is no text.
    public init(
        _ answers: [String: String] = [:], bytes respond: (@Sendable (_ head: String) -> [UInt8]?)?
    ) async throws {
        let state = State(answers, respond: respond)
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(CannedHandler(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        url = "http://127.0.0.1:\(port)"
    }

    deinit { channel.close(promise: nil) }

    public func answer(_ path: String, bytes: [UInt8]) { state.answers.withLock { $0[path] = bytes } }

    /// The heads of all requests.
    public var requests: [String] { state.heads.withLock { $0 } }
}

private final class CannedHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let state: CannedServer.State
    private var head = ""

    init(_ state: CannedServer.State) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        head += String(buffer: unwrapInboundIn(data))
        guard head.contains("\r\n\r\n") else { return }
        let body = state.answer(to: head)
        var bytes = body ?? Array("{\"code\":\"ResourceNotFound\",\"message\":\"there is no such thing\"}".utf8)
        if !bytes.starts(with: "HTTP/1.1".utf8) {
            let status = body == nil ? "404 Not Found" : "200 OK"
            bytes =
                Array(
                    "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(bytes.count)\r\nConnection: close\r\n\r\n"
                        .utf8) + bytes
        }
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in channel.close(promise: nil) }
    }
}
