import Logging
import NIOCore
import Synchronization
import TestClock
import Transport

/// An image server that lists: images in the order of their dates, a page from the marker on, which is part of it (imgapi.md §11).
final class ListServer: HTTPSender {
    struct Image: Sendable {
        let uuid: String
        let day: Int
    }

    private let images: [Image]
    /// The most images of a page, whatever limit is asked for.
    private let most: Int
    private let asked = Mutex<[String]>([])

    init(_ images: [Image], most: Int = 1000) {
        self.images = images.sorted { $0.day < $1.day }
        self.most = most
    }

    /// The queries of the requests, in their order.
    var queries: [String] { asked.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let query = request.url.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
        asked.withLock { $0.append(query) }
        let pairs = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let fields = Dictionary(pairs.map { ($0[0], $0.last ?? "") }, uniquingKeysWith: { first, _ in first })
        let marker = fields["marker"].flatMap { wanted in images.first { $0.uuid == wanted } }
        // Where several share the marker's date, a page may begin at the first of them.
        let page = images.filter { $0.day >= marker?.day ?? 0 }
            .prefix(min(most, fields["limit"].flatMap { Int($0) } ?? most))
        let body = "[\(page.map { "{\"uuid\":\"\($0.uuid)\",\"published_at\":\"\($0.day)\"}" }.joined(separator: ","))]"
        return HTTPResponse(
            status: 200, headers: HTTPHeaderList([]),
            body: AsyncThrowingStream { continuation in
                continuation.yield(ByteBuffer(string: body))
                continuation.finish()
            })
    }
}

/// Answers everything alike.
struct StaticServer: HTTPSender {
    let status: Int
    let body: String

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        HTTPResponse(
            status: status, headers: HTTPHeaderList([]),
            body: AsyncThrowingStream { continuation in
                continuation.yield(ByteBuffer(string: body))
                continuation.finish()
            })
    }
}

extension HTTPSender {
    var transport: Transport {
        var settings = TransportSettings()
        settings.patience = .zero
        settings.clock = SteppingClock()
        return Transport(
            sender: self, settings: settings, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}
