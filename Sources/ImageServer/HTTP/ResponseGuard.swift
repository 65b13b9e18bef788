import HTTPTypes
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Sees to it that an answer ends well: one that is under way is sent to its end before the connection is
/// closed, but a client that takes next to nothing of it for too long is left.
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

    func handlerAdded(context: ChannelHandlerContext) {
        // The library has no place for handlers before its codec. If that is not there, there is nothing to do.
        let pipeline = context.pipeline.syncOperations
        guard let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) else { return }
        do {
            try pipeline.addHandler(OldRequests(), position: .before(codec))
        } catch {
            context.fireErrorCaught(error)
        }
    }

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
            guard let waiting, let now = Self.bufferedBytes(context), waiting - now >= Self.least else {
                return context.close(promise: nil)
            }
            watch(context)
        }
    }

    /// The least that a client takes within the limit, in bytes.
    private static let least = 16 << 10

    private static func bufferedBytes(_ context: ChannelHandlerContext) -> Int? {
        try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
    }
}
