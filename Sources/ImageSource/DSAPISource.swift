import Failure
import IMGAPI
public import ImageModel
import JSON
import Synchronization
public import Transport

/// A source that speaks DSAPI, IMGAPI's forerunner: manifests of version 1 at `…/datasets`, files at the URL that a
/// manifest names (imgapi.md §14, manifest.md "Version 1 → 2").
public final class DSAPISource: ImageSource {
    public let descriptor: SourceDescriptor
    private let transport: Transport
    private let requestID: String
    /// The files of the manifests that were fetched: the upgrade takes the URLs out of the manifests.
    private let fileURLs = Mutex<[ImageUUID: String]>([:])

    public init(descriptor: SourceDescriptor, transport: Transport, requestID: String) {
        self.descriptor = descriptor
        self.transport = transport
        self.requestID = requestID
    }

    public func ping() async throws { _ = try await list(WantedImages()) }

    public func list(_ wanted: WantedImages) async throws -> [ListedImage]? {
        let reply = try await get("", limit: ImageLimits.list)
        guard reply.status == 200 else { throw refusal(reply, "the list of datasets") }
        let old = try ListedImage.read(reply.body, from: descriptor.url.base)
        return try old.map { try upgraded($0.manifest.value) }.filter { $0.isActive }.map { manifest in
            var bytes: [UInt8] = []
            JSONValue.object(manifest.json).write(to: &bytes, style: .compact)
            return ListedImage(uuid: manifest.uuid, manifest: try JSONDocument(bytes).root)
        }.only(wanted)
    }

    public func manifest(of uuid: ImageUUID) async throws -> Manifest? {
        guard let old = try await oldManifest(of: uuid) else { return nil }
        let manifest = try upgraded(old)
        guard manifest.uuid == uuid else {
            throw Failure(
                .sourceError, "\(descriptor.url.base) answered with dataset \(manifest.uuid) when asked for \(uuid)")
        }
        let url = old["files"]?[0]?["url"]?.stringValue
        fileURLs.withLock { $0[uuid] = url }
        return manifest
    }

    public func image(of manifest: Manifest) throws -> AvailableImage {
        try AvailableImage(manifest, of: descriptor, by: fileRequest(of: manifest), transport)
    }

    private func fileRequest(of manifest: Manifest) throws -> HTTPRequest {
        guard let text = fileURLs.withLock({ $0[manifest.uuid] }) else {
            throw Failure(.invalidManifest, "the manifest of image \(manifest.uuid) names no file to download")
        }
        do {
            _ = try ServerURL(text, longest: NetworkLimits.namedURL)
        } catch {
            throw Failure(
                .invalidManifest, "the manifest of image \(manifest.uuid) names a file that cannot be fetched",
                cause: error)
        }
        var request = HTTPRequest(
            url: text, headers: [("x-request-id", requestID)], insecure: descriptor.insecure)
        request.namedBy = descriptor.url.base
        return request
    }

    private func oldManifest(of uuid: ImageUUID) async throws -> JSONValue? {
        let reply = try await get("/\(uuid)", limit: ImageLimits.manifest)
        switch reply.status {
        case 200: break
        case 404: return nil
        default: throw refusal(reply, "dataset \(uuid)")
        }
        do {
            return try JSONValue(parsing: reply.body)
        } catch {
            throw Failure(
                .sourceError, "\(descriptor.url.base) answered with something that is not a dataset manifest",
                cause: error)
        }
    }

    private func upgraded(_ json: JSONValue) throws -> Manifest {
        guard let object = json.objectValue else {
            throw Failure(.sourceError, "\(descriptor.url.base) answered with something that is not a dataset manifest")
        }
        return try Manifest(ManifestUpgrade.upgrade(object))
    }

    private func get(_ path: String, limit: Int) async throws -> HTTPReply {
        let request = HTTPRequest(
            url: descriptor.url.base + path, headers: [("Accept", "application/json"), ("x-request-id", requestID)],
            insecure: descriptor.insecure)
        return try await transport.reply(to: request, limit: limit)
    }

    private func refusal(_ reply: HTTPReply, _ what: String) -> Failure {
        Failure(
            .sourceError,
            "\(descriptor.url.base) refused the request for \(what) (status \(reply.status), \(reply.excerpt()))",
            statusCode: reply.status)
    }
}
