import NIOCore
import NIOPosix
import Synchronization

/// A server that sends just the bytes that a test wants, HTTP or not.
final class RawServer: Sendable {
    /// What a connection is given, piece by piece.
    enum Step: Sendable {
        case send([UInt8])
        /// A byte at a time, so long apart.
        case trickle([UInt8], every: TimeAmount)
        /// Again and again until the client goes.
        case endless([UInt8])
        /// The next request of the same connection is answered.
        case keep
        case close
        /// Nothing more comes.
        case hang

        static func text(_ text: String) -> Step { .send(Array(text.utf8)) }
    }

    let port: Int
    private let channel: any Channel
    private let state: State

    final class State: Sendable {
        let heads = Mutex<(count: Int, last: [String])>((0, []))
        let respond: @Sendable (String) -> [Step]

        init(_ respond: @escaping @Sendable (String) -> [Step]) { self.respond = respond }

        func answer(_ head: String) -> [Step] {
            heads.withLock { heads in
                heads.count += 1
                heads.last.append(head)
                if heads.last.count > 100 { heads.last.removeFirst(50) }
            }
            return respond(head)
        }
    }

    /// - Parameter respond: is given what a request begins with, down to its blank line (of TLS, whatever came first).
    init(_ respond: @escaping @Sendable (String) -> [Step]) async throws {
        let state = State(respond)
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Connection(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    /// Listens no longer.
    func close() async throws { try await channel.close() }

    var url: String { "http://127.0.0.1:\(port)" }
    /// How many requests there were.
    var count: Int { state.heads.withLock { $0.count } }
    /// The first lines of the last requests.
    var lines: [String] {
        state.heads.withLock { $0.last.map { head in String(head.prefix { $0 != "\r\n" }) } }
    }
    var heads: [String] { state.heads.withLock { $0.last } }
}

private final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let state: RawServer.State
    private var head = ""
    private var isAnswering = false

    init(_ state: RawServer.State) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard !isAnswering else { return }
        head += String(decoding: bytes.readableBytesView, as: UTF8.self)
        guard head.contains("\r\n\r\n") || bytes.readableBytesView.first == 0x16 else { return }
        isAnswering = true
        let steps = state.answer(head)
        head = ""
        run(steps[...], context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func run(_ steps: ArraySlice<RawServer.Step>, _ context: ChannelHandlerContext) {
        guard let step = steps.first else { return context.close(promise: nil) }
        let rest = steps.dropFirst()
        let loop = context.eventLoop.assumeIsolated()
        switch step {
        case .send(let bytes):
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes))).assumeIsolated().whenComplete { [self] result in
                if case .success = result { run(rest, context) }
            }
        case .trickle(let bytes, let pause):
            guard let first = bytes.first else { return run(rest, context) }
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: [first])), promise: nil)
            loop.scheduleTask(in: pause) { [self] in
                if context.channel.isActive { run([.trickle(Array(bytes.dropFirst()), every: pause)] + rest, context) }
            }
        case .endless(let bytes):
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes))).assumeIsolated().whenComplete { [self] result in
                if case .success = result { loop.execute { [self] in run([step], context) } }
            }
        case .keep: isAnswering = false
        case .close: context.close(promise: nil)
        case .hang: break
        }
    }
}
