import Compression
public import Failure
public import ImageModel
import NIOCore
public import Transport

/// A file that a URL names: no image of a source, and no manifest beside it.
public struct RemoteFile: Sendable {
    /// Without a fragment.
    public let url: String
    /// What stands behind the last slash, its escapes resolved.
    public let name: String
    /// Where what lies beside it is.
    private let folder: String
    private let transport: Transport

    /// The most bytes of a file whose length its server does not tell.
    public static let longest: Int64 = 4 << 40

    /// - Throws: `Usage` for what is no URL of a file.
    public init(_ text: String, by transport: Transport) throws(Failure) {
        let url = String(text.prefix { $0 != "#" })
        do {
            _ = try ServerURL(url, longest: NetworkLimits.namedURL)
        } catch {
            throw Failure(.usage, error.message)
        }
        let place = url.prefix { $0 != "?" }
        let start = place.firstRange(of: "://")?.upperBound ?? place.startIndex
        guard let slash = place[start...].lastIndex(of: "/"), place.index(after: slash) < place.endIndex else {
            throw Failure(
                .usage, "\"\(url)\" is the URL of no file", hint: "imgadm sources -a URL adds an image server")
        }
        self.url = url
        name = URLEncoding.decoded(String(place[place.index(after: slash)...]))
        folder = String(place[...slash])
        self.transport = transport
    }

    /// The request for all of it.
    public var place: ImageFilePlace { .server(HTTPRequest(url: url), transport) }

    /// The beginning of a file, and what its server says of it.
    public struct Head: Sendable {
        public let bytes: [UInt8]
        /// Of the whole file, where the server says so.
        public let size: Int64?
        /// What tells whether the file is still the same.
        public let fetched: FetchedURL

        /// There is no more of the file than the head.
        public var isWhole: Bool { size == Int64(bytes.count) }
    }

    /// Asks for the beginning of the file, and for no more where the server knows ranges: as much as tells what it is
    /// (`UnpackedBeginning`), each time from the first byte on, so that all of it is of one file.
    ///
    /// - Parameter known: what the server said of the file before.
    /// - Returns: nil if the file is still that one.
    /// - Throws: `DownloadError`; `ConnectionError` where there is no server.
    public func head(unless known: FetchedURL? = nil) async throws -> Head? {
        var head = try await head(UnpackedBeginning.lengths.first ?? 0, unless: known)
        for length in UnpackedBeginning.lengths.dropFirst() {
            guard let short = head, !short.isWhole,
                !UnpackedBeginning.isEnough(short.bytes, isWhole: short.isWhole)
            else { break }
            head = try await self.head(length, unless: nil)
        }
        return head
    }

    private func head(_ length: Int, unless known: FetchedURL?) async throws -> Head? {
        var request = HTTPRequest(url: url)
        if let tag = known?.tag { request.headers.append(("If-None-Match", tag)) }
        if let modified = known?.modified { request.headers.append(("If-Modified-Since", modified)) }
        let download = Download(
            DownloadRequest(request, size: nil, end: Int64(length), isFirst: true), by: transport)
        var bytes: [UInt8] = []
        do {
            while let piece = try await download.next() { bytes += piece.readableBytesView }
        } catch let error as DownloadError where error.kind == .unchanged && known != nil {
            return nil
        }
        let headers = download.headers
        return Head(
            bytes: bytes, size: download.size,
            fetched: FetchedURL(url, tag: headers?["etag"], modified: headers?["last-modified"]))
    }

    /// Looks for a list of checksums beside the file.
    ///
    /// - Returns: what the first one says that names the file; nil if there is none.
    /// - Throws: `ConnectionError`; `SourceError` where it cannot be told whether there is one; `InvalidChecksumList` for one that
    ///   contradicts itself.
    public func checksum() async throws -> (digest: ContentDigest, list: String)? {
        for beside in ChecksumListName.beside(name) {
            let list = folder + URLEncoding.component(beside.name)
            let reply = try await transport.reply(to: HTTPRequest(url: list), limit: ChecksumList.longest)
            guard !Transport.isPassing(status: reply.status) else {
                throw Failure(
                    .sourceError,
                    "whether there is a list of checksums \"\(list)\" cannot be told (status \(reply.status))",
                    hint: "--checksum sha256:DIGITS says what the file must be, and none is looked for",
                    statusCode: reply.status)
            }
            // Servers say in many ways that there is none.
            guard reply.status == 200 else { continue }
            let digests = try ChecksumList(reply.body, name: "\"\(list)\"").digests(of: name, isItsOwn: beside.isItsOwn)
            if let digest = digests.first { return (digest, list) }
        }
        return nil
    }
}
