import Failure
public import Host
public import IMGAPI
public import ImageModel
import JSON
public import Logging
public import OCIRegistry
import Synchronization
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

    /// Which layer an image is of the one that was asked for; nil where images have none.
    func layer(_ uuid: ImageUUID) -> LayerPlace?

    /// The most images that one chain of this supply can have.
    var longestChain: Int { get }
}

extension ImageSupply {
    public var longestChain: Int { ImageLimits.origins }
    public func layer(_ uuid: ImageUUID) -> LayerPlace? { nil }
}

/// Where images come from. A source knows its protocol and nothing of what is installed.
public protocol ImageSource: ImageSupply {
    /// Asks whether the source is there and is what it is said to be.
    func ping() async throws

    /// The active images that are wanted; nil if a source of this kind cannot list.
    func list(_ wanted: WantedImages) async throws -> [ListedImage]?

    /// The manifest that an installed image is to have now.
    ///
    /// - Parameters:
    ///   - stated: that which the source has.
    ///   - installed: that which the image has.
    func manifest(_ stated: Manifest, keepingContentOf installed: Manifest) -> Manifest

    /// Removes what is kept of it on this host.
    func forget()
}

extension ImageSource {
    /// What the source states counts.
    public func manifest(_ stated: Manifest, keepingContentOf installed: Manifest) -> Manifest { stated }

    /// There is nothing.
    public func forget() {}
}

extension [ListedImage] {
    /// Those that are wanted, of a source that says no more of its images than their manifests do.
    func only(_ wanted: WantedImages) -> [ListedImage] {
        guard wanted.name != nil || wanted.type != nil else { return self }
        return filter { image in
            // What is no manifest has no name.
            guard let manifest = try? Manifest(image.manifest.value) else { return false }
            return wanted.name?.fits(manifest) ?? true && wanted.type.map { manifest.imageType == $0 } ?? true
        }
    }
}

/// Makes sources of descriptors.
public struct ImageSources: Sendable {
    private let transport: Transport
    private let requestID: String
    private let credentials: any CredentialSource
    let root: HostRoot
    let log: Logger
    /// What the sources have to say beside their answers.
    public let remarks = SourceRemarks()
    /// What image servers are shown.
    public let tokens = SourceTokens()
    private let streams = AskedSources<SimplestreamsSource>()
    private let repositories = AskedSources<OCISource>()

    /// - Parameters:
    ///   - requestID: the `x-request-id` of every request, a UUID.
    ///   - credentials: what registries are shown.
    ///   - root: where lists of servers are kept.
    public init(
        transport: Transport, requestID: String, credentials: any CredentialSource, root: HostRoot, log: Logger
    ) {
        self.transport = transport
        self.requestID = requestID
        self.credentials = credentials
        self.root = root
        self.log = log
    }

    /// - Throws: `InvalidSource` for what names no repository.
    public func source(_ descriptor: SourceDescriptor) throws -> any ImageSource {
        switch descriptor.type {
        case .imgapi: server(descriptor)
        case .dsapi: DSAPISource(descriptor: descriptor, transport: transport, requestID: requestID)
        case .docker: docker(descriptor, limits: RegistryLimits())
        case .simplestreams: simplestreams(descriptor)
        case .oci: try repository(descriptor)
        }
    }

    /// A server of simplestreams.
    public func simplestreams(_ descriptor: SourceDescriptor) -> SimplestreamsSource {
        streams.source(descriptor) {
            SimplestreamsSource(
                descriptor: descriptor, transport: transport, root: root, remarks: remarks, log: log)
        }
    }

    /// An image server. One whose token cannot be had says so when it is asked: others are asked all the same.
    private func server(_ descriptor: SourceDescriptor) -> any ImageSource {
        do {
            let token = try tokens.token(for: descriptor, insecure: transport.settings.insecure)
            return IMGAPISource(
                descriptor: descriptor, transport: transport, requestID: requestID, token: token,
                isTokenWithheld: tokens.isWithheld, remarks: remarks)
        } catch {
            return UnusableSource(descriptor: descriptor, reason: error)
        }
    }

    /// A client of the image server that a descriptor names, for what goes beyond reading.
    ///
    /// - Parameter reader: signs what is read.
    /// - Throws: what keeps its token from being shown: `UnsafeToken`, `UnsafeFile`, `Usage`, `PermissionDenied`.
    public func client(_ descriptor: SourceDescriptor, reader: RequestSigner? = nil) throws -> IMGAPIClient {
        IMGAPIClient(
            base: descriptor.url.base, channel: descriptor.channel, insecure: descriptor.insecure, requestID: requestID,
            token: try tokens.token(for: descriptor, insecure: transport.settings.insecure),
            isTokenWithheld: tokens.isWithheld, reader: reader, transport: transport)
    }

    /// A Docker registry.
    public func docker(_ descriptor: SourceDescriptor, limits: RegistryLimits) -> DockerSource {
        let endpoint = RegistryEndpoint(source: descriptor.url, insecure: descriptor.insecure)
        return DockerSource(descriptor: descriptor, client: registry(endpoint, limits: limits))
    }

    /// A repository of images in a registry.
    ///
    /// - Throws: `InvalidSource` for what names no repository.
    public func repository(_ descriptor: SourceDescriptor) throws -> OCISource {
        let address = try RepositoryAddress(descriptor.url, insecure: descriptor.insecure)
        let isSecured = !descriptor.insecure && !transport.settings.insecure
        return repositories.source(descriptor) {
            OCISource(
                descriptor: descriptor, client: registry(address.endpoint, limits: RegistryLimits()), address.name,
                kept: KeptFiles(root: root, server: descriptor.url.base, isSecured: isSecured, log: log),
                remarks: remarks, log: log)
        }
    }

    private func registry(_ endpoint: RegistryEndpoint, limits: RegistryLimits) -> RegistryClient {
        RegistryClient(endpoint, credentials: credentials, transport: transport, limits: limits, log: log)
    }
}

/// The sources of a kind that were asked, each one's lists being fetched and read once.
private final class AskedSources<Source: ImageSource>: Sendable {
    private let sources = Mutex<[SourceDescriptor: Source]>([:])

    func source(_ descriptor: SourceDescriptor, _ make: () -> Source) -> Source {
        sources.withLock { sources in
            let source = sources[descriptor] ?? make()
            sources[descriptor] = source
            return source
        }
    }
}
