import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose client takes nothing of what is sent to it for too long. A slow client may be as
/// slow as it is.
final class StallGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart

    private let limit: TimeAmount
    private var check: Scheduled<Void>?

    init(limit: TimeAmount) { self.limit = limit }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        check?.cancel()
        check = nil
        if !context.channel.isWritable { watch(context) }
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }
    func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        context.fireChannelInactive()
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
