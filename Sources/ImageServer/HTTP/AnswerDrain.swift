import HTTPTypes
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Sees to it that an answer ends well: one that is under way is sent to its end before the connection is
/// closed, but a client that takes next to nothing of it for too long is left.
///
/// Without it, a server that shuts down would drop what is still in its buffers when the last part of an answer
/// is written.
final class AnswerDrain: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limit: TimeAmount
    /// Is there as long as something is on its way that the client does not take at once.
    private var check: Scheduled<Void>?
    /// Bytes that stood in the buffers when that was last looked at, and how many the client has taken since the check began.
    private var buffered = 0
    private var taken = 0
    /// Answers that are written but not yet sent.
    private var unsent = 0
    /// Someone wants the connection closed, or our end of it.
    private var closing: (mode: CloseMode, promise: EventLoopPromise<Void>)?

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
        guard case .end = unwrapOutboundIn(data) else { return pass(data, promise, context) }
        unsent += 1
        let sent = promise ?? context.eventLoop.makePromise()
        sent.futureResult.assumeIsolated().whenComplete { [self] _ in
            unsent -= 1
            unwatchIfIdle(context)
            if unsent == 0, let closing {
                self.closing = nil
                context.close(mode: closing.mode, promise: closing.promise)
            }
        }
        pass(data, sent, context)
    }

    private func pass(_ data: NIOAny, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        guard check != nil else { return context.write(data, promise: promise) }
        // What is added is not what was not taken.
        countTaken(context)
        context.write(data, promise: promise)
        buffered = Self.bufferedBytes(context) ?? buffered
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        // Only now is it known what the system does not take: most answers it takes whole.
        if check == nil, unsent > 0 || !context.channel.isWritable { watch(context) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // Where the client has closed its end, the library below takes the close of ours for that of the connection, and drops what is unsent.
        guard mode != .input, unsent > 0 else { return context.close(mode: mode, promise: promise) }
        guard let waiting = closing else {
            closing = (mode, promise ?? context.eventLoop.makePromise())
            return
        }
        // Who wants it, too, waits with the first.
        waiting.promise.futureResult.cascade(to: promise)
        if mode == .all { closing?.mode = .all }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unwatchIfIdle(context)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        check?.cancel()
        closing?.promise.succeed()
        closing = nil
    }

    private func watch(_ context: ChannelHandlerContext) {
        (buffered, taken) = (Self.bufferedBytes(context) ?? 0, 0)
        check = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [self] in
            countTaken(context)
            guard taken >= Self.least else { return context.close(promise: nil) }
            watch(context)
        }
    }

    private func countTaken(_ context: ChannelHandlerContext) {
        let now = Self.bufferedBytes(context) ?? buffered
        taken += max(buffered - now, 0)
        buffered = now
    }

    private func unwatchIfIdle(_ context: ChannelHandlerContext) {
        guard unsent == 0, context.channel.isWritable else { return }
        check?.cancel()
        check = nil
    }

    /// The least that a client takes within the limit, in bytes.
    private static let least = 16 << 10

    private static func bufferedBytes(_ context: ChannelHandlerContext) -> Int? {
        try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
    }
}
