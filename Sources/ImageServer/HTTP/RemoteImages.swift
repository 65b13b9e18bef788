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
        let client = try client(of: source)
        let found: Manifest?
        do {
            found = try await client.image(uuid)
        } catch let error as any CodedError {
            throw RequestError(.serviceUnavailable, "RemoteSourceError", error.description)
        }
        guard let found else {
            throw RequestError(.serviceUnavailable, "RemoteSourceError", "image \(uuid) is not on \(client.base)")
        }
        let file = found.files.first.map { file in
            Download(DownloadRequest(client.fileRequest(uuid), size: file.size), by: transport)
        }
        return (found, file)
    }

    /// The icon of an image; nil if it has none.
    ///
    /// - Throws: `InvalidParameter` for what is no URL; what the source says.
    func icon(of uuid: ImageUUID, at source: String) async throws -> (bytes: [UInt8], contentType: String)? {
        try await client(of: source).icon(of: uuid)
    }

    private func client(of source: String) throws(RequestError) -> IMGAPIClient {
        do {
            let url = try ServerURL(source)
            return IMGAPIClient(
                base: url.base, channel: try url.value(of: "channel"), insecure: false,
                requestID: ImageUUID().description, transport: transport)
        } catch {
            throw .invalidParameter("source", error.description)
        }
    }

    /// A file by itself.
    ///
    /// - Throws: `InvalidParameter` for anything else than an https URL.
    func download(_ url: String) throws(RequestError) -> Download {
        guard url.lowercased().hasPrefix("https://"), (try? ServerURL(url)) != nil else {
            throw .invalidParameter("file_url", "\"\(URLCredentials.hidden(in: url))\" is not a valid https URL")
        }
        var request = HTTPRequest(url: url)
        request.followsRedirects = false
        return Download(DownloadRequest(request, size: nil), by: transport)
    }
}
