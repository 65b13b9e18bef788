import NIOCore
import NIOHTTP1

/// Brings what HTTP/1.0 may leave away into the form of HTTP/1.1 (RFC 9112, sections 3.2 and 9.3): without a `Host` a request
/// is for this server, and without `keep-alive` its connection ends with the answer.
final class OldRequests: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        if head.version == .http1_0 || head.version == .http0_9, !head.headers.contains(name: "Host") {
            head.headers.add(name: "Host", value: "localhost")
        }
        // The library knows no other spelling.
        if !head.isKeepAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
