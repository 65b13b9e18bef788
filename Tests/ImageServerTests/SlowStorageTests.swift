import ImageCatalog
import ImageModel
import ImageServer
import JSON
import Logging
import NIOCore
import NIOPosix
import Testing

/// The storage takes longer than a client may be idle: that is not the client's fault, and it gets its answer.
@Suite struct SlowStorageTests {
    private static let uuid = ImageUUID()

    @Test(arguments: [
        // Not framed as it should be: what has come is thrown away before that is told.
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX", 0, 400),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 0, 200),
        // More than stands in buffers until the storage takes it.
        ("Content-Length: \(32 << 20)\r\n\r\n", 32 << 20, 200),
    ])
    func theAnswerIsWaitedFor(request: String, more: Int, status: Int) async throws {
        let root = try ImageRoot()
        try root.add(Self.uuid, ["state": "unactivated", "published_at": .null])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let folder = try await NIOThreadPool.singleton.runIfActive {
            try FolderRepository(root: root.path, mode: .public, logger: logger)
        }
        var configuration = ImageServer.Configuration(port: 0, hostName: "test-host")
        configuration.idleSeconds = 1
        configuration.authentication = Authentication(anonymous: .writes)
        try await RunningServer.serving(SlowRepository(repository: folder), configuration) { server in
            let reply = try await server.exchange(
                "PUT /images/\(Self.uuid)/file?compression=none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(request)"
                    + String(repeating: "x", count: more))
            #expect(reply.status == status, "\(reply)")
        }
    }
}

/// A repository into which files go slowly.
private struct SlowRepository: ImageRepository {
    let repository: FolderRepository

    var mode: ServerMode { repository.mode }
    func catalog(_ freshness: Freshness) async throws -> Catalog { try await repository.catalog(freshness) }
    func open(_ part: ImagePart, of image: ServedImage) async throws -> (any StoredFile)? {
        try await repository.open(part, of: image)
    }
    func change(
        _ uuid: ImageUUID, _ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?
    ) async throws { try await repository.change(uuid, change) }
    func dropCaches() { repository.dropCaches() }
    func upload(_ part: ImagePart, of uuid: ImageUUID) async throws -> any FileUpload {
        let upload = try await repository.upload(part, of: uuid)
        try await Task.sleep(for: .seconds(3))
        return SlowUpload(upload: upload)
    }
}

private struct SlowUpload: FileUpload {
    let upload: any FileUpload

    func append(_ bytes: ByteBuffer) async throws { try await upload.append(bytes) }
    func commit(_ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?) async throws {
        try await Task.sleep(for: .seconds(3))
        try await upload.commit(change)
    }
    func discard() async {
        // It is not cancelled here, and would only be shorter if it were.
        try? await Task.sleep(for: .seconds(3))
        await upload.discard()
    }
}
