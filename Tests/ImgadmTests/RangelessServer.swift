import Host
import JSON
import TestHost

/// A server that knows no ranges and whose first transfers of a file are cut, as the original image server's might be.
final class RangelessServer: Sendable {
    let url: String
    private let server: CannedServer
    private let proxy: FaultProxy

    init(_ image: TestImage) async throws {
        server = try await CannedServer(["/images/\(image.uuid)": JSONValue.object(image.manifest).text()])
        server.answer("/images/\(image.uuid)/file", bytes: try HostFile.read(image.file) ?? [])
        proxy = try await FaultProxy(to: server.port, [.cut(after: 150_000), .cut(after: 250_000)])
        url = proxy.url
    }

    var fileRequests: Int { server.requests.filter { $0.contains("/file ") }.count }
}
