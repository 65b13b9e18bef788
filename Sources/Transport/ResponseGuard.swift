import NIOCore
import NIOHTTP1

/// Why an answer was not taken although bytes of one came.
struct ResponseError: Error, CustomStringConvertible {
    enum Kind { case nonsense, stalled, speaksTLS, inside }
    let kind: Kind
    let description: String
}

/// Lets only answers pass that HTTP knows: for each request any number of interim heads up to a limit, one head, its body,
/// its end, all of it begun within a deadline.
///
/// AsyncHTTPClient 1.37.0 traps ("How can we receive a response end…", HTTPRequestStateMachine) on the end of an answer
/// whose status is below 100, which NIOHTTP1 2.101.2 hands on, and each interim head begins its read time-out anew. So
/// this stands between the two.
final class ResponseGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State { case idle, awaitsHead, inBody, broken }

    /// Interim answers to one request.
    static let mostInterimHeads = 16

    private let deadline: TimeAmount
    /// Nothing is sent to an address of this machine or of the networks around it.
    private let onlyOutside: Bool
    /// Nil once it was told: a connection leads to one host, and to one address.
    private var reached: ReachedHosts?
    private var state = State.idle
    private var interimHeads = 0
    private var headBytes = 0
    private var timer: Scheduled<Void>?

    /// - Parameter reached: is told to which address requests go; nil where that is a proxy's.
    init(deadline: TimeAmount, onlyOutside: Bool, noting reached: ReachedHosts?) {
        self.deadline = deadline
        self.onlyOutside = onlyOutside
        self.reached = reached
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if let address = context.remoteAddress.flatMap({ IPAddress($0) }) {
                if onlyOutside, address.isInside {
                    refuse(context, promise, "it leads to \(address), which a server outside may not name")
                    return
                }
                note(head, address)
            }
            if state != .broken { state = .awaitsHead }
            interimHeads = 0
            headBytes = 0
        case .body: break
        case .end where state == .awaitsHead:
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: deadline) { [self] in
                fail(context, .stalled, "the head of the answer was not whole within the time-out")
            }
        case .end: break
        }
        if state == .broken {
            promise?.fail(ChannelError.ioOnClosedChannel)
        } else {
            context.write(data, promise: promise)
        }
    }

    private func note(_ head: HTTPRequestHead, _ address: IPAddress) {
        guard let reached, let authority = head.headers.first(name: "Host"),
            let url = try? ServerURL("http://\(authority)", longest: NetworkLimits.namedURL)  // it is one of ours
        else { return }
        reached.note(url.host, isInside: address.isInside)
        self.reached = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.broken, _): break
        case (.awaitsHead, .head(let head)) where head.status.code < 100:
            fail(context, .nonsense, "it has the status \(head.status.code), which HTTP does not know")
        case (.awaitsHead, .head(let head)) where head.status.code == 101:
            fail(context, .nonsense, "it changes to a protocol that nobody asked for")
        case (.awaitsHead, .head(let head)) where head.status.code < 200:
            interimHeads += 1
            if interimHeads > ResponseGuard.mostInterimHeads {
                fail(
                    context, .nonsense,
                    "there are more than \(ResponseGuard.mostInterimHeads) interim answers before it")
            }
        case (.awaitsHead, .head):
            timer?.cancel()
            state = .inBody
            context.fireChannelRead(data)
        case (.inBody, .body): context.fireChannelRead(data)
        case (.inBody, .end):
            state = .idle
            context.fireChannelRead(data)
        default: fail(context, .nonsense, "its parts come in an order that HTTP does not know")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    /// So many bytes have come, before what they mean is known.
    func arrived(_ count: Int, _ context: ChannelHandlerContext) -> Bool {
        guard state == .awaitsHead else { return state != .broken }
        // What came with one read may be head and body: those before it were head alone.
        guard headBytes <= NetworkLimits.head else {
            fail(context, .nonsense, "its head has more than \(NetworkLimits.head) bytes")
            return false
        }
        headBytes += count
        return true
    }

    func fail(_ context: ChannelHandlerContext, _ kind: ResponseError.Kind, _ why: String) {
        guard state != .broken else { return }
        state = .broken
        timer?.cancel()
        context.fireErrorCaught(ResponseError(kind: kind, description: why))
        context.close(promise: nil)
    }

    /// AsyncHTTPClient is just writing: it must hear of it only when that is done.
    private func refuse(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?, _ why: String) {
        promise?.fail(ChannelError.ioOnClosedChannel)
        context.eventLoop.assumeIsolated().execute { [self] in fail(context, .inside, why) }
    }

    /// Puts itself, and what counts the bytes for it, around the decoder of a connection.
    static func install(
        in channel: any Channel, deadline: TimeAmount, onlyOutside: Bool, noting reached: ReachedHosts?
    ) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let operations = channel.pipeline.syncOperations
            let handler = ResponseGuard(deadline: deadline, onlyOutside: onlyOutside, noting: reached)
            let decoder = try operations.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try operations.addHandler(handler, position: .after(decoder))
            let encoder = try operations.handler(type: HTTPRequestEncoder.self)
            try operations.addHandler(ArrivingBytes(handler), position: .before(encoder))
        }
    }
}

/// Sees the bytes of answers before they are decoded.
private final class ArrivingBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let handler: ResponseGuard
    private var isFirst = true

    init(_ handler: ResponseGuard) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if isFirst, let first = bytes.readableBytesView.first {
            isFirst = false
            // An alert or a handshake of TLS (RFC 8446 §5.1).
            if first == 0x15 || first == 0x16 {
                return handler.fail(context, .speaksTLS, "the server speaks TLS, not plain HTTP")
            }
        }
        if handler.arrived(bytes.readableBytes, context) { context.fireChannelRead(data) }
    }
}
