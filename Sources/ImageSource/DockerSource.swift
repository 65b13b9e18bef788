import Failure
public import IMGAPI
public import ImageModel
public import Transport

/// A Docker registry. It can be configured and pinged; it has no list, and no image by UUID.
public struct DockerSource: ImageSource {
    public let descriptor: SourceDescriptor
    private let transport: Transport
    private let requestID: String

    public init(descriptor: SourceDescriptor, transport: Transport, requestID: String) {
        self.descriptor = descriptor
        self.transport = transport
        self.requestID = requestID
    }

    /// `GET /v2/` (OCI distribution, "Determining Support"): a registry answers 200, or 401 where it wants credentials.
    public func ping() async throws {
        // docker.io is a name; the registry behind it has another.
        let host = descriptor.url.host == "docker.io" ? "https://registry-1.docker.io" : descriptor.url.base
        let reply = try await transport.reply(
            to: HTTPRequest(url: "\(host)/v2/", insecure: descriptor.insecure), limit: 1 << 20)
        guard reply.status == 200 || reply.status == 401 else {
            throw Failure(
                .sourceError,
                "\(descriptor.url.base) does not answer as a Docker registry does (status \(reply.status))",
                statusCode: reply.status)
        }
    }

    public func list() async throws -> [ListedImage]? { nil }
    public func manifest(of uuid: ImageUUID) async throws -> Manifest? { nil }

    public func fileRequest(of manifest: Manifest) throws -> HTTPRequest {
        throw Failure(.notImplemented, "images of Docker registries cannot be downloaded yet")
    }
}
