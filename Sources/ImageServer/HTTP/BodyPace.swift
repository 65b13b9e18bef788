import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Leaves a client whose request does not get on: a body must come at some speed whenever the server is ready to take it.
/// Without it, a byte now and then would hold a connection, and what is kept for an upload, for ever.
///
/// What comes before the body, and a connection without a request, has the idle time of the server.
final class BodyPace: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The least bytes in each second in which the server waits.
    static let floor = 512

    /// How long the server waits before it judges.
    private let patience: TimeAmount
    private var isInBody = false
    /// Since when the server has been waiting for more; nil while it is at work.
    private var waitingSince: NIODeadline?
    private var waited = TimeAmount.nanoseconds(0)
    /// In the time that it has waited, in bytes.
    private var received = 0
    private var check: Scheduled<Void>?

    init(patience: TimeAmount) { self.patience = patience }

    func read(context: ChannelHandlerContext) {
        waitingSince = waitingSince ?? .now()
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isInBody = true
            begin(context)
        case .body(let piece):
            settle()
            received += piece.readableBytes
        case .end:
            isInBody = false
            check?.cancel()
            check = nil
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }

    /// Counts the time until now as waited.
    private func settle() {
        guard let since = waitingSince else { return }
        waited = waited + (.now() - since)
        waitingSince = nil
    }

    private func begin(_ context: ChannelHandlerContext) {
        (waited, received, waitingSince) = (.nanoseconds(0), 0, nil)
        schedule(context, in: patience)
    }

    private func schedule(_ context: ChannelHandlerContext, in time: TimeAmount) {
        check?.cancel()
        check = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in judge(context) }
    }

    private func judge(_ context: ChannelHandlerContext) {
        guard isInBody else { return }
        let isWaiting = waitingSince != nil
        settle()
        if isWaiting { waitingSince = .now() }
        guard waited >= patience else { return schedule(context, in: patience - waited + .milliseconds(1)) }
        let least = waited.nanoseconds / 1_000_000_000 * Int64(BodyPace.floor)
        guard received >= least else { return context.close(promise: nil) }
        (waited, received) = (.nanoseconds(0), 0)
        schedule(context, in: patience)
    }
}
