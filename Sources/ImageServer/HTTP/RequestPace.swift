import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Leaves a client whose request does not come, or does not get on: without it, a connection, or a byte on it now and then,
/// would hold what the server keeps for it for ever.
///
/// A connection without a request, the head of one, and what still comes of a body that was answered, have so much time as a whole. A
/// body must come at some speed whenever the server is ready to take it; the time in which the server is at work is not the client's. (The library's own idle
/// time takes it for that, and closes the connection of a client that waits for its answer.)
final class RequestPace: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The least bytes in each second in which the server waits.
    static let floor = 512

    /// How long the server waits before it judges.
    private let patience: TimeAmount
    /// Requests whose answer is not written yet.
    private var unanswered = 0
    /// Since when the server has been waiting for more of a body; nil while it is at work.
    private var waitingSince: NIODeadline?
    private var waited = TimeAmount.nanoseconds(0)
    /// In the time that it has waited, in bytes.
    private var received = 0
    private var check: Scheduled<Void>?

    init(patience: TimeAmount) { self.patience = patience }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { awaitRequest(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        awaitRequest(context)
        context.fireChannelActive()
    }

    func read(context: ChannelHandlerContext) {
        waitingSince = waitingSince ?? .now()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            (waited, received, waitingSince) = (.nanoseconds(0), 0, nil)
            judgeBody(context, in: patience)
        case .body(let piece):
            settle()
            received += piece.readableBytes
        case .end: endBody(context)
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // No more of the body will come, and it is the server that has to say so.
        endBody(context)
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            unanswered = max(unanswered - 1, 0)
            awaitRequest(context)
        }
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }

    private func endBody(_ context: ChannelHandlerContext) {
        check?.cancel()
        check = nil
        awaitRequest(context)
    }

    /// Closes the connection if no request comes, where all of them are answered. (Whether the rest of a body is still taken, is for
    /// the library to say, and it need not.)
    private func awaitRequest(_ context: ChannelHandlerContext) {
        guard unanswered == 0 else { return }
        schedule(context, in: patience) { $0.close(promise: nil) }
    }

    /// Counts the time until now as waited.
    private func settle() {
        guard let since = waitingSince else { return }
        waited = waited + (.now() - since)
        waitingSince = nil
    }

    private func judgeBody(_ context: ChannelHandlerContext, in time: TimeAmount) {
        schedule(context, in: time) { [self] context in
            let isWaiting = waitingSince != nil
            settle()
            if isWaiting { waitingSince = .now() }
            guard waited >= patience else { return judgeBody(context, in: patience - waited + .milliseconds(1)) }
            let least = waited.nanoseconds / 1_000_000_000 * Int64(RequestPace.floor)
            guard received >= least else { return context.close(promise: nil) }
            (waited, received) = (.nanoseconds(0), 0)
            judgeBody(context, in: patience)
        }
    }

    private func schedule(
        _ context: ChannelHandlerContext, in time: TimeAmount, _ work: @escaping (ChannelHandlerContext) -> Void
    ) {
        check?.cancel()
        check = context.eventLoop.assumeIsolated().scheduleTask(in: time) { work(context) }
    }
}
