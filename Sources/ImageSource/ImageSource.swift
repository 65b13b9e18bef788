import Failure
public import IMGAPI
public import ImageModel
public import Logging
public import OCIRegistry
public import Transport

/// Who can say what an image of a UUID is, and where its file is. An image's chain of origins is walked through one of these.
public protocol ImageSupply: Sendable {
    var descriptor: SourceDescriptor { get }

    /// The manifest of an image in whatever state; nil if there is none of that UUID here.
    func manifest(of uuid: ImageUUID) async throws -> Manifest?

    /// The image of a manifest that came from here, with all that is known of its file.
    ///
    /// - Throws: `InvalidManifest` where the manifest names no usable file.
    func image(of manifest: Manifest) throws -> AvailableImage

    /// The most images that one chain of this supply can have.
    var longestChain: Int { get }
}

extension ImageSupply {
    public var longestChain: Int { 1024 }
}

/// Where images come from. A source knows its protocol and nothing of what is installed.
public protocol ImageSource: ImageSupply {
    /// Asks whether the source is there and is what it is said to be.
    func ping() async throws

    /// All active images, or those of a name; nil if a source of this kind cannot list.
    func list(named name: String?) async throws -> [ListedImage]?
}

extension ImageSource {
    /// All active images; nil if a source of this kind cannot list.
    public func list() async throws -> [ListedImage]? { try await list(named: nil) }
}

/// Makes sources of descriptors.
public struct ImageSources: Sendable {
    private let transport: Transport
    private let requestID: String
    private let credentials: any CredentialSource
    private let log: Logger

    /// - Parameters:
    ///   - requestID: the `x-request-id` of every request, a UUID.
    ///   - credentials: what registries are shown.
    public init(transport: Transport, requestID: String, credentials: any CredentialSource, log: Logger) {
        self.transport = transport
        self.requestID = requestID
        self.credentials = credentials
        self.log = log
    }

    public func source(_ descriptor: SourceDescriptor) -> any ImageSource {
        switch descriptor.type {
        case .imgapi: IMGAPISource(descriptor: descriptor, transport: transport, requestID: requestID)
        case .dsapi: DSAPISource(descriptor: descriptor, transport: transport, requestID: requestID)
        case .docker: docker(descriptor, limits: RegistryLimits())
        }
    }

    /// A client of the image server that a descriptor names, for what goes beyond reading.
    public func client(_ descriptor: SourceDescriptor) -> IMGAPIClient {
        IMGAPIClient(
            base: descriptor.url.base, channel: descriptor.channel, insecure: descriptor.insecure, requestID: requestID,
            transport: transport)
    }

    /// A Docker registry.
    public func docker(_ descriptor: SourceDescriptor, limits: RegistryLimits) -> DockerSource {
        let endpoint = RegistryEndpoint(source: descriptor.url, insecure: descriptor.insecure)
        return DockerSource(
            descriptor: descriptor,
            client: RegistryClient(
                endpoint, credentials: credentials, transport: transport, limits: limits, log: log))
    }
}
