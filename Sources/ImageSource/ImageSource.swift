import Failure
public import IMGAPI
public import ImageModel
public import Transport

/// Where images come from. A source knows its protocol and nothing of this host.
public protocol ImageSource: Sendable {
    var descriptor: SourceDescriptor { get }

    /// Asks whether the source is there and is what it is said to be.
    func ping() async throws

    /// All active images; nil if a source of this kind cannot list.
    func list() async throws -> [ListedImage]?

    /// The manifest of an image in whatever state; nil if the source has none of that UUID.
    func manifest(of uuid: ImageUUID) async throws -> Manifest?

    /// The request that fetches the file of an image of this source.
    ///
    /// - Throws: `InvalidManifest` where the manifest names no usable file.
    func fileRequest(of manifest: Manifest) throws -> HTTPRequest
}

/// Makes sources of descriptors.
public struct ImageSources: Sendable {
    private let transport: Transport
    private let requestID: String

    /// - Parameter requestID: the `x-request-id` of every request, a UUID.
    public init(transport: Transport, requestID: String) {
        self.transport = transport
        self.requestID = requestID
    }

    public func source(_ descriptor: SourceDescriptor) -> any ImageSource {
        switch descriptor.type {
        case .imgapi: IMGAPISource(descriptor: descriptor, transport: transport, requestID: requestID)
        case .dsapi: DSAPISource(descriptor: descriptor, transport: transport, requestID: requestID)
        case .docker: DockerSource(descriptor: descriptor, transport: transport, requestID: requestID)
        }
    }
}
