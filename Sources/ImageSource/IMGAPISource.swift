import Failure
import IMGAPI
public import ImageModel
import Transport

/// A source that speaks IMGAPI.
public struct IMGAPISource: ImageSource {
    public let descriptor: SourceDescriptor
    private let client: IMGAPIClient
    private let transport: Transport
    private let remarks: SourceRemarks

    init(
        descriptor: SourceDescriptor, transport: Transport, requestID: String, token: AccessToken?,
        isTokenWithheld: Bool, remarks: SourceRemarks
    ) {
        self.descriptor = descriptor
        self.remarks = remarks
        self.transport = transport
        client = IMGAPIClient(
            base: descriptor.url.base, channel: descriptor.channel, insecure: descriptor.insecure,
            requestID: requestID, token: token, isTokenWithheld: isTokenWithheld, transport: transport)
    }

    /// - Throws: also where images are not for who asks, and for a channel that the server does not have, of which it would only
    ///   list no images.
    public func ping() async throws {
        try await client.ping()
        try await client.checkReading()
        guard let channel = descriptor.channel, channel != "*" else { return }
        guard let names = try await client.channels() else {
            return remarks.add(
                "\(descriptor.url.base) has no channels, or does not say which: what ?channel=\(channel) leads to is not known"
            )
        }
        guard !names.contains(channel) else { return }
        throw Failure(
            .sourceError, "\(descriptor.url.base) has no channel \"\(channel)\"",
            hint: Suggestion.hint(for: channel, among: names)
                ?? "its channels are \(names.prefix(20).joined(separator: ", "))")
    }

    public func list(_ wanted: WantedImages) async throws -> [ListedImage]? {
        // The server need not heed the name.
        try await client.list(named: wanted.name?.name).only(wanted)
    }

    public func manifest(of uuid: ImageUUID) async throws -> Manifest? { try await client.image(uuid) }

    public func image(of manifest: Manifest) throws -> AvailableImage {
        try AvailableImage(manifest, of: descriptor, by: client.fileRequest(manifest.uuid), transport)
    }
}
