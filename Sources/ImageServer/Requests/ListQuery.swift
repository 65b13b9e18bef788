import HTTPTypes
import ImageCatalog
import ImageModel

/// What ListImages is asked for (imgapi.md, section 11).
struct ListQuery {
    private let caller: Caller
    private let scope: ChannelScope
    private let filters: [@Sendable (ServedImage) -> Bool]
    private let isDescending: Bool
    private let limit: Int?
    private let start: Start
    let hasAdminFields: Bool

    /// Where the result starts.
    private enum Start {
        case beginning
        /// With the first image of a date.
        case date(PublicationDate)
        /// With one image.
        case place(ServedImage.Place)
    }

    /// - Throws: `InvalidParameter`, `ValidationFailed`, `ResourceNotFound` (the marker), `UnauthorizedError`.
    /// - Parameter isOpen: everybody may change images.
    init(_ parameters: QueryParameters, by rights: Rights? = nil, isOpen: Bool, in catalog: Catalog) throws {
        caller = try Caller(listing: parameters)
        scope = try ChannelScope(parameters, catalog.channels)
        hasAdminFields = try parameters.hasAdminFields(for: rights)
        isDescending = try Self.isDescending(parameters["sort"])
        limit = try Self.limit(parameters["limit"])
        start = try Self.start(parameters["marker"], isPage: limit != nil, in: catalog)
        // By the protocol, the anonymous are told of active images alone. Where they may change the others, too, they have to find them:
        // an extension that clients ask for, and that other servers pass over.
        let asksForAll = try parameters.flag("inclInactive") == true
        filters = try ImageFilters.parse(parameters, seesAll: rights?.isKnownReader == true || isOpen && asksForAll)
    }

    /// The images, in order.
    func select(from catalog: Catalog) -> [ServedImage] {
        let most = limit ?? .max
        var selected: [ServedImage] = []
        let count = catalog.images.count
        for index in 0..<count {
            let image = catalog.images[isDescending ? count - 1 - index : index]
            guard isReached(image.place), scope.contains(image), caller.sees(image), filters.allSatisfy({ $0(image) })
            else { continue }
            selected.append(image)
            if selected.count == most { break }
        }
        return selected
    }

    private func isReached(_ place: ServedImage.Place) -> Bool {
        switch start {
        case .beginning: true
        case .date(let date): isDescending ? place.published <= date : place.published >= date
        case .place(let marker): isDescending ? place <= marker : place >= marker
        }
    }

    /// A page starts with its marker itself, also where other images have the same date: so a client that drops
    /// the marker from each page sees every image once, however many share a date. Without a limit there are
    /// no further pages, and all images of the marker's date come, as in the original.
    private static func start(_ marker: String?, isPage: Bool, in catalog: Catalog) throws -> Start {
        guard let marker else { return .beginning }
        if let uuid = ImageUUID(marker) {
            guard let image = try catalog.image(uuid) else { throw RequestError.notFound("image \(marker) not found") }
            return isPage ? .place(image.place) : .date(image.place.published)
        }
        guard let date = PublicationDate(marker: marker) else {
            throw RequestError.invalidParameter(
                "marker", "invalid marker: \"\(marker)\" is neither an image UUID nor a date")
        }
        return .date(date)
    }

    /// Nil for no limit, which 0 means too.
    private static func limit(_ text: String?) throws(RequestError) -> Int? {
        guard let text else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else {
            throw .invalidParameter("limit", "invalid limit: \"\(text)\" is not a number")
        }
        let limit = Int(text) ?? .max
        return limit == 0 ? nil : limit
    }

    private static func isDescending(_ sort: String?) throws(RequestError) -> Bool {
        guard let sort else { return false }
        let parts = sort.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0] == "published_at" else {
            throw .invalidParameter("sort", "invalid sort: \"\(sort)\": images sort by \"published_at\" only")
        }
        return parts.count > 1 && parts[1] != "asc"
    }
}

extension QueryParameters {
    /// Admin fields are asked for, and are for callers who have shown who they are.
    func hasAdminFields(for rights: Rights?) throws(RequestError) -> Bool {
        guard try flag("inclAdminFields") == true else { return false }
        guard let rights, rights.user != nil else {
            throw RequestError(.unauthorized, "UnauthorizedError", "admin fields are for authenticated callers only")
        }
        try rights.check(.read)
        return true
    }
}
