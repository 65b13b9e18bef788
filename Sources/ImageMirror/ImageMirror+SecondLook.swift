import Failure
import IMGAPI
import ImageModel
import JSON
import Transport

extension ImageMirror {
    /// How many images a page has where none are asked for (imgapi.md §11).
    private static let pageSize = 1000
    /// How long the whole list may take.
    private static let longestLook = Duration.seconds(600)

    /// Looks through the source's list once more, now as something that images are removed by: `IMGAPIClient.list` leaves out what it cannot read.
    ///
    /// - Returns: all that it lists.
    /// - Throws: `SourceError` if an entry cannot be read, or its end cannot be reached; `ConnectionError`.
    func listedAgain() async throws -> Set<ImageUUID> {
        var seen: Set<ImageUUID> = []
        var marker: ImageUUID?
        var limit = ImageMirror.pageSize
        var bytes = 0
        let start = ContinuousClock.now
        while bytes < ImageLimits.list, start.duration(to: .now) < ImageMirror.longestLook {
            let (entries, size) = try await page(after: marker, limit)
            bytes += size
            let known = seen.count
            var last: ImageUUID?
            for (place, entry) in entries.enumerated() {
                guard let uuid = entry["uuid"]?.stringValue.flatMap({ ImageUUID($0) }) else {
                    throw Failure(
                        .sourceError,
                        "the entry \(place + 1) of \(marker.map { "the list from image \($0) on" } ?? "the list") has no valid UUID"
                    )
                }
                seen.insert(uuid)
                last = uuid
            }
            // One that knows no pages answers with all at first.
            guard entries.count >= ImageMirror.pageSize, marker == nil || entries.count >= limit else { return seen }
            if last == marker || seen.count == known {
                // More images of one date than a page holds: only a larger page leads past them.
                guard limit < 64 * ImageMirror.pageSize else { break }
                limit *= 2
            }
            marker = last
        }
        throw Failure(
            .sourceError, "the list was left after \(seen.count) images and \(bytes) bytes, before its end")
    }

    private func page(after marker: ImageUUID?, _ limit: Int) async throws -> (entries: [JSONSlice], bytes: Int) {
        var query = marker.map { [("marker", "\($0)"), ("limit", "\(limit)")] } ?? []
        if let channel = source.channel { query.append(("channel", channel)) }
        // It shows the server what every request of this client does.
        var request = source.fileRequest(.zero)
        request.url = "\(source.base)/images" + (query.isEmpty ? "" : "?" + URLEncoding.query(query))
        let reply = try await transport.reply(to: request, limit: ImageLimits.list)
        guard reply.status == 200 else {
            throw Failure(.sourceError, "it was answered with status \(reply.status)", statusCode: reply.status)
        }
        let document: JSONDocument
        do {
            document = try JSONDocument(reply.body)
        } catch {
            throw Failure(.sourceError, "it was answered with something that is not a list of images", cause: error)
        }
        guard let entries = document.root.arrayValue else {
            throw Failure(.sourceError, "it was answered with something that is not a list of images")
        }
        return (entries, reply.body.count)
    }
}
