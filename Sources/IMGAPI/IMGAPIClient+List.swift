public import Failure
public import ImageModel
import Transport

extension IMGAPIClient {
    /// All active images, page by page (imgapi.md §11).
    ///
    /// The first page is asked for without a limit. Where it has 1000 images or more there may be others: they are
    /// asked for by marker, which is inclusive, and since images may share a `published_at` and a page may begin
    /// anywhere among those, whatever was seen already is dropped.
    /// - Returns: the images as they came, read on demand; an image without a valid UUID is left out.
    /// - Parameters:
    ///   - name: asks for images of this name alone; the server may not heed it.
    ///   - state: asks for images of this state, `all` for those of any; a server tells only whom it knows, and ours everybody
    ///     where everybody may change them.
    /// - Throws: `SourceError`, also for a list that has no end: one of more than `longest` bytes, or that takes
    ///   longer than a small answer may; `ConnectionError`.
    public func list(
        named name: String? = nil, inState state: String? = nil, longest: Int = ImageLimits.list
    ) async throws -> [ListedImage] {
        try await listing(named: name, inState: state, longest: longest).images
    }

    /// The same, and whether that is all that there is in the list: for who takes something to be gone that is not in it.
    public func listing(
        named name: String? = nil, inState state: String? = nil, longest: Int = ImageLimits.list
    ) async throws -> Listing {
        var seen: Set<ImageUUID> = []
        var list = Listing()
        var marker: ImageUUID?
        var limit = IMGAPIClient.pageSize
        var bytes = 0
        let start = ContinuousClock.now
        while true {
            let (page, size) = try await page(after: marker, limit: limit, name, state)
            bytes += size
            let fresh = page.images.filter { seen.insert($0.uuid).inserted }
            list.images += fresh
            if page.damaged > 0 {
                list.gap = Failure(
                    .sourceError,
                    "\(page.damaged) of \(page.count) entries\(marker.map { " from image \($0) on" } ?? "") have no valid UUID"
                )
            }
            guard page.count >= IMGAPIClient.pageSize, marker == nil || page.count >= limit, let last = page.images.last
            else { return list }
            if marker == last.uuid || fresh.isEmpty {
                // More images of one date than a page holds: only a larger page leads past them.
                guard page.count >= limit, limit < 64 * IMGAPIClient.pageSize else {
                    list.gap = Failure(
                        .sourceError, "no page leads past the images that share a date with \(last.uuid)")
                    return list
                }
                limit *= 2
            }
            marker = last.uuid
            guard bytes < longest, start.duration(to: .now) < replyTimeout else {
                throw Failure(
                    .sourceError,
                    "the list of images of \(base) has no end: it was left after \(list.images.count) images and \(bytes) bytes"
                )
            }
        }
    }

    /// What a server lists.
    public struct Listing: Sendable {
        public var images: [ListedImage] = []
        /// Why there may be others: entries that cannot be read, or an end that cannot be reached. Nil if these are all.
        public var gap: Failure?
    }

    private static let pageSize = 1000

    private func page(
        after marker: ImageUUID?, limit: Int, _ name: String?, _ state: String?
    ) async throws -> (page: ListedImages, bytes: Int) {
        var query = marker.map { [("marker", $0.description), ("limit", "\(limit)")] } ?? []
        if let name { query.append(("name", name)) }
        if let state { query += [("state", state), ("inclInactive", "true")] }
        let reply = try await get("/images", query, limit: ImageLimits.list, "the list of images")
        return (try ListedImages(reply.body, from: base, hiding: reply.hiding), reply.body.count)
    }
}
