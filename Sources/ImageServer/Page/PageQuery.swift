import Transport

/// What is to be seen of the list: all that the address of a page says, so that what was looked for can be handed on as a link.
struct PageQuery: Equatable {
    enum Order: String, CaseIterable {
        case newest, name, size
    }

    /// In lower case; an image has all of them.
    var words: [String] = []
    /// As it was typed.
    var search = ""
    var order = Order.newest
    /// The images of one name, all versions of it.
    var name: String?
    /// From 1.
    var page = 1
    /// As the address has it; nil if it has none.
    var channel: String?

    init() {}

    /// - Throws: `InvalidParameter`.
    init(_ parameters: QueryParameters) throws(RequestError) {
        search = String((try parameters["q"] ?? "").prefix(Self.longestSearch))
        words = search.lowercased().split(whereSeparator: \.isWhitespace).prefix(Self.mostWords).map(String.init)
        if let text = try parameters["sort"], !text.isEmpty {
            guard let order = Order(rawValue: text) else {
                throw .invalidParameter(
                    "sort",
                    "invalid sort: \"\(text)\": images sort by \(Order.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            self.order = order
        }
        name = try parameters["name"]
        if let text = try parameters["page"], !text.isEmpty {
            guard let number = Int(text), (1...Self.mostPages).contains(number) else {
                throw .invalidParameter("page", "invalid page: \"\(text)\" is no number of a page")
            }
            page = number
        }
        channel = try parameters["channel"].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static let longestSearch = 200
    private static let mostWords = 20
    private static let mostPages = 1_000_000

    /// The address of a list.
    func path(_ change: (inout PageQuery) -> Void = { _ in }) -> String {
        var query = self
        change(&query)
        var parts: [(String, String)] = []
        if !query.search.isEmpty { parts.append(("q", query.search)) }
        if let name = query.name { parts.append(("name", name)) }
        if query.order != .newest { parts.append(("sort", query.order.rawValue)) }
        if let channel = query.channel { parts.append(("channel", channel)) }
        if query.page > 1 { parts.append(("page", "\(query.page)")) }
        guard !parts.isEmpty else { return "/" }
        return "/?" + parts.map { "\($0.0)=\(URLEncoding.component($0.1))" }.joined(separator: "&")
    }

    /// The address of the page of one image.
    func path(of uuid: some CustomStringConvertible) -> String {
        "/page/\(uuid)" + (channel.map { "?channel=\(URLEncoding.component($0))" } ?? "")
    }
}
