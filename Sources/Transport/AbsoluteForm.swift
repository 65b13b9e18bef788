import NIOCore
import NIOHTTP1

/// Writes the target of each request in absolute form, `http://HOST/path`, as a proxy wants it (RFC 9112 §3.2.2). The host is
/// that of the `Host` header.
final class AbsoluteForm: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), let host = head.headers.first(name: "Host") else {
            context.write(data, promise: promise)
            return
        }
        head.uri = "http://\(host)\(head.uri)"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    /// Puts itself where requests pass on their way to the encoder.
    static func install(in channel: any Channel) -> EventLoopFuture<Void> {
        channel.pipeline.containsHandler(type: HTTPRequestEncoder.self).flatMapThrowing {
            let operations = channel.pipeline.syncOperations
            let encoder = try operations.handler(type: HTTPRequestEncoder.self)
            try operations.addHandler(AbsoluteForm(), position: .after(encoder))
        }
    }
}
