import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import NIOCore

/// What is not for imgadm: the page for people, and figures for whoever watches the server.
extension ImageResponder {
    func page(_ request: Request, _ query: Query) async throws -> Response {
        let catalog = try await repository.catalog(.listing)
        var channel: String?
        if let channels = catalog.channels {
            let named = try query.parameters["channel"] ?? ""
            // Without a default, all images are shown.
            if !named.isEmpty || channels.defaultName != nil, named != "*" {
                channel = try ChannelScope(query.parameters, channels).names?.first
            }
        }
        let scheme = request.headers[.forwardedProto] == "https" ? "https" : "http"
        let page = ImagePage(catalog, channel: channel, url: "\(scheme)://\(request.head.authority ?? "localhost")")
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                // Nothing but what stands in the page itself.
                .contentSecurityPolicy:
                    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: page.html)))
    }

    func metricsText() async throws -> Response {
        let images = try await repository.catalog(.listing).images
        let states = Dictionary(grouping: images, by: \.state).mapValues(\.count)
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text(images: states))))
    }
}
