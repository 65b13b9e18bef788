import Crypto
import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageCatalog
import ImageModel
import NIOCore
import RawBytes

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
            url: request.serverURL, host: request.head.authority ?? "this server",
            isPrivate: authentication.isPrivate)
        return try await html(page.html, query)
    }

    func page(of uuid: ImageUUID, _ request: Request, _ query: Query) async throws -> Response {
        let (image, catalog) = try await find(uuid, query)
        let scope = try ChannelScope(query.parameters, catalog.channels)
        let page = ImageDetailPage(
            image: image, json: try image.json(withChannels: true, adminFields: false),
            chain: ImageChain(of: image, in: catalog) { scope.contains($0) }, query: try PageQuery(query.parameters),
            url: request.serverURL,
            newer: image.name == nil
                ? []
                : catalog.images.filter {
                    $0.name == image.name && $0.place > image.place && $0.imageState == .active && scope.contains($0)
                }.reversed(),
            isPrivate: authentication.isPrivate)
        return try await html(page.html, query)
    }

    /// What a person is shown in place of what was asked for.
    func refusalPage(_ fault: RequestError) -> Response {
        let isMissing = fault.status == .notFound
        let title = isMissing ? "Not here" : "\(fault.status.code) \(fault.status.reasonPhrase)"
        let page = PageFrame(
            title: title,
            header:
                "<nav aria-label=\"Where this is\"><a href=\"/\">All images</a></nav><h1>\(HTMLText.escaped(title))</h1>",
            main: """
                <section><p>\(isMissing ? "There is no such page or image on this server, or not in this channel. It may have been removed." : "This cannot be shown.")</p>\
                <p class="dim"><code>\(HTMLText.escaped("\(fault.code): \(fault.message)"))</code></p></section>
                """)
        var response = Response(
            status: fault.status,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: PageFrame.contentSecurityPolicy,
                .cacheControl: "no-store", .vary: "Accept",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: page.html)))
        response.headers.append(contentsOf: fault.headers)
        return response
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
