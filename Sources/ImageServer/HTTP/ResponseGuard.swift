import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Sees to it that an answer ends well: one that is under way is sent to its end before the connection is
/// closed, but a client that takes nothing of it for too long is left. A slow client may be as slow as it is.
///
/// Without it, a server that shuts down would drop what is still in its buffers when the last part of an answer
/// is written.
final class ResponseGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limit: TimeAmount
    private var check: Scheduled<Void>?
    /// Answers that are written but not yet sent.
    private var unsent = 0
    /// Someone wants the connection closed.
    private var closing: EventLoopPromise<Void>?

    init(limit: TimeAmount) { self.limit = limit }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        unsent += 1
        let sent = promise ?? context.eventLoop.makePromise()
        sent.futureResult.assumeIsolated().whenComplete { [self] _ in
            unsent -= 1
            if unsent == 0, let closing {
                self.closing = nil
                context.close(promise: closing)
            }
        }
        context.write(data, promise: sent)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, unsent > 0, closing == nil else { return context.close(mode: mode, promise: promise) }
        closing = promise ?? context.eventLoop.makePromise()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        check?.cancel()
        check = nil
        if !context.channel.isWritable { watch(context) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        check?.cancel()
        closing?.succeed()
        closing = nil
    }

    private func watch(_ context: ChannelHandlerContext) {
        let waiting = Self.bufferedBytes(context)
        check = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [self] in
            if Self.bufferedBytes(context) == waiting { context.close(promise: nil) } else { watch(context) }
        }
    }

    private static func bufferedBytes(_ context: ChannelHandlerContext) -> Int? {
        try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
    }
}
