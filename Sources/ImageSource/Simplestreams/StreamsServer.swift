import Failure
import ImageModel
import Simplestreams
import Time
import Transport

/// The files of a server of simplestreams: its index, and the lists that it names. Each is kept, and asked for again only as
/// far as it has changed; while the server is away, what is kept stands for it.
struct StreamsServer: Sendable {
    /// How messages call it.
    let title: String
    let base: String
    let insecure: Bool
    let transport: Transport
    let kept: KeptFiles
    let remarks: SourceRemarks

    /// Makes sure that the server is there, and is one of simplestreams.
    func ping() async throws {
        let reply = try await transport.reply(to: request(url(StreamsIndex.path)), limit: StreamsIndex.longest)
        guard reply.status == 200 else { throw refusal(reply, StreamsIndex.path) }
        _ = try StreamsIndex(reply.body)
    }

    /// All lists of images.
    ///
    /// - Throws: `SourceError`, also for lists that have too many bytes together; `ConnectionError`.
    func lists() async throws -> [ProductList] {
        var isAway = false
        let index = try await file(StreamsIndex.path, limit: StreamsIndex.longest, &isAway) { try StreamsIndex($0) }
        var lists: [ProductList] = []
        var room = ImageLimits.list
        for path in index.files {
            let list = try await file("\(path)", limit: min(room, ProductList.longest), &isAway) { bytes in
                room -= bytes.count
                return try ProductList(bytes, name: "\(path)")
            }
            lists.append(list)
        }
        return lists
    }

    /// A file below the server's URL.
    ///
    /// - Parameters:
    ///   - isAway: the server did not answer before; it is not asked again then.
    ///   - read: makes something of the bytes; what it refuses is not kept.
    private func file<Value>(
        _ path: String, limit: Int, _ isAway: inout Bool, _ read: ([UInt8]) throws -> Value
    ) async throws -> Value {
        let url = url(path)
        let known = kept.read(url, limit: limit)
        if isAway, let known { return try read(known.bytes) }
        var request = request(url)
        if let tag = known?.fetched.tag { request.headers.append(("If-None-Match", tag)) }
        if let modified = known?.fetched.modified { request.headers.append(("If-Modified-Since", modified)) }
        do {
            let reply = try await transport.reply(to: request, limit: limit)
            switch reply.status {
            case 304:
                guard let known else { throw refusal(reply, path) }
                return try read(known.bytes)
            case 200:
                let value = try read(reply.body)
                let fetched = FetchedURL(url, tag: reply.headers["etag"], modified: reply.headers["last-modified"])
                kept.keep(KeptFile(fetched, date: .now(), bytes: reply.body))
                return value
            default: throw refusal(reply, path)
            }
        } catch let failure as any CodedError {
            guard let known, Transport.isPassing(failure) else {
                throw failure
            }
            let value = try read(known.bytes)
            if !isAway { remarks.add("\(title) is away (\(failure)): its list of \(known.date) is used") }
            isAway = true
            return value
        }
    }

    private func url(_ path: String) -> String { "\(base)/\(path)" }

    private func request(_ url: String) -> HTTPRequest {
        HTTPRequest(url: url, headers: [("Accept", "application/json")], insecure: insecure)
    }

    private func refusal(_ reply: HTTPReply, _ path: String) -> Failure {
        Failure(
            .sourceError,
            "\(base) refused the request for \(path) (status \(reply.status), \(reply.excerpt()))",
            statusCode: reply.status)
    }
}
