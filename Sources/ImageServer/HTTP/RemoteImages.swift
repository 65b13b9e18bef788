import Failure
import HTTPTypes
import IMGAPI
import ImageModel
public import Transport

/// Images of other servers, where a request says that this one is to fetch an image itself (imgapi.md, section 10).
public struct RemoteImages: Sendable {
    private let transport: Transport

    public init(_ transport: Transport) { self.transport = transport }

    /// A manifest, and the download of its file if it has one.
    ///
    /// - Parameter source: the URL of an IMGAPI server, which may have `?channel=`.
    /// - Throws: `InvalidParameter` for what is no such URL; `RemoteSourceError`.
    func image(_ uuid: ImageUUID, at source: String) async throws -> (manifest: Manifest, file: Download?) {
        let url: ServerURL
        do {
            url = try ServerURL(source)
        } catch {
            throw RequestError.invalidParameter("source", error.description)
        }
        let client = IMGAPIClient(
            base: url.base, channel: url.query.first { $0.name == "channel" }?.value, insecure: false,
            requestID: ImageUUID().description, transport: transport)
        let found: Manifest?
        do {
            found = try await client.image(uuid)
        } catch let error as any CodedError {
            throw RequestError(.serviceUnavailable, "RemoteSourceError", error.description)
        }
        guard let found else {
            throw RequestError(.serviceUnavailable, "RemoteSourceError", "image \(uuid) is not on \(url.base)")
        }
        let file = found.files.first.map { file in
            Download(DownloadRequest(client.fileRequest(uuid), size: file.size), by: transport)
        }
        return (found, file)
    }

    /// A file by itself.
    ///
    /// - Throws: `InvalidParameter` for anything else than an https URL.
    func download(_ url: String) throws(RequestError) -> Download {
        guard url.lowercased().hasPrefix("https://"), (try? ServerURL(url)) != nil else {
            throw .invalidParameter("file_url", "\"\(url)\" is not a valid https URL")
        }
        var request = HTTPRequest(url: url)
        request.followsRedirects = false
        return Download(DownloadRequest(request, size: nil), by: transport)
    }
}
