import Crypto
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import NIOCore

/// What is not for imgadm: the pages for people, and figures for whoever watches the server.
extension ImageResponder {
    func page(_ request: Request, _ query: Query) async throws -> Response {
        let wanted = try PageQuery(query.parameters)
        let catalog = try await repository.catalog(.listing)
        var channel: String?
        // Without a default, all images are shown.
        if let channels = catalog.channels, wanted.channel != nil || channels.defaultName != nil, wanted.channel != "*"
        {
            channel = try ChannelScope(query.parameters, channels).names?.first
        }
        let images = catalog.images.filter { image in
            image.imageState == .active && (channel.map { image.channels.contains($0) } ?? true)
        }
        let page = ImageListPage(
            groups: ImageGroups(images, wanted), query: wanted, channels: catalog.channels, channel: channel,
            url: request.serverURL, host: request.head.authority ?? "this server")
        return try await html(page.html, query)
    }

    func page(of uuid: ImageUUID, _ request: Request, _ query: Query) async throws -> Response {
        let (image, catalog) = try await find(uuid, query)
        let scope = try ChannelScope(query.parameters, catalog.channels)
        let page = ImageDetailPage(
            image: image, json: try image.json(withChannels: true, adminFields: false),
            chain: ImageChain(of: image, in: catalog) { scope.contains($0) }, query: try PageQuery(query.parameters),
            url: request.serverURL)
        return try await html(page.html, query)
    }

    private func html(_ text: String, _ query: Query) async throws -> Response {
        let bytes = Array(text.utf8)
        let coding = ContentCoding(accepting: query.headers[.acceptEncoding])
        // Weak: packed and plain, it is the same page.
        let tag = Hexadecimal.text(SHA256.hash(data: bytes).prefix(16))
        var headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: PageFrame.contentSecurityPolicy,
            .eTag: "W/\"\(tag)\"", .cacheControl: "no-cache", .vary: "Accept-Encoding",
        ]
        if case .notModified = try Preconditions(query.headers).check(entityTags: [tag], modified: nil) {
            headers[.contentType] = nil
            var response = Response.notModified(entityTag: nil)
            response.headers.append(contentsOf: headers)
            return response
        }
        if let name = coding.name { headers[.contentEncoding] = name }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try await coding.pack(bytes))))
    }

    func metricsText() async throws -> Response {
        let images = try await repository.catalog(.listing).images
        let states = Dictionary(grouping: images, by: \.state).mapValues(\.count)
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text(images: states))))
    }
}

extension Request {
    /// The server's URL, as the client has reached it.
    fileprivate var serverURL: String {
        "\(headers[.forwardedProto] == "https" ? "https" : "http")://\(head.authority ?? "localhost")"
    }
}
