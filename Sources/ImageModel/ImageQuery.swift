public import Failure
public import JSON

/// What a listing shows of which images in which order: its columns, sort keys and filters.
public struct ImageQuery: Sendable {
    public let columns: [FieldPath]
    public let sort: [SortKey]
    public let filters: [FieldFilter]
    /// The fields of columns, sort keys and filters, one after the other; where a filter is of names, what
    /// docker calls an image, and what servers of simplestreams do.
    private let selection: FieldSelection

    /// - Parameters:
    ///   - columns: a comma-separated list, as `-o` takes it.
    ///   - sort: a comma-separated list, as `-s` takes it.
    ///   - filters: arguments of the form `FIELD=VALUE`. All must hold.
    /// - Throws: `Usage` for a filter of another form.
    public init(columns: String, sort: String = "", filters: [String] = []) throws(Failure) {
        self.columns = FieldPath.list(columns)
        self.sort = SortKey.list(sort)
        var parsed: [FieldFilter] = []
        for filter in filters { parsed.append(try FieldFilter(filter)) }
        self.filters = parsed
        let names: [FieldPath] =
            parsed.contains { $0.isOfName } ? [FieldPath(ComputedField.reference.rawValue)] + StreamsAliases.paths : []
        selection = FieldSelection(self.columns + self.sort.map(\.path) + parsed.map(\.path) + names)
    }

    /// Whether one of these fields is shown, sorted by or filtered by.
    public func asks(for fields: Set<String>) -> Bool {
        (columns + sort.map(\.path) + filters.map(\.path)).contains { fields.contains($0.text) }
    }

    /// Those images that pass all filters, sorted, each with its cells in the order of the columns.
    public func rows<Image>(
        of images: [Image], manifest: (Image) -> JSONSlice, extras: (Image) -> ImageExtras = { _ in ImageExtras() }
    ) -> [ImageRow<Image>] {
        select(images.count) { selection.values(of: manifest(images[$0]), extras(images[$0])) }
            .map { ImageRow(image: images[$0.place], cells: $0.cells) }
    }

    /// The same of manifests that were read into trees.
    public func rows<Image>(
        of images: [Image], manifest: (Image) -> JSONValue, extras: (Image) -> ImageExtras = { _ in ImageExtras() }
    ) -> [ImageRow<Image>] {
        select(images.count) { selection.values(of: manifest(images[$0]), extras(images[$0])) }
            .map { ImageRow(image: images[$0.place], cells: $0.cells) }
    }

    /// - Parameter names: what docker calls the image, and servers of simplestreams (`StreamsAliases.paths`).
    private static func isCalled(by filter: FieldFilter, _ names: ArraySlice<JSONValue?>) -> Bool {
        let references = (names.first ?? nil)?.arrayValue ?? []
        let tags = names.dropFirst().map { $0?.stringValue }
        return references.contains(where: filter.matches)
            || filter.matches(StreamsAliases(list: tags.first ?? nil, architecture: tags.last ?? nil))
    }

    /// Works on places and values alone, so that it need not be compiled anew for each kind of image.
    private func select(_ count: Int, values: (Int) -> [JSONValue?]) -> [(place: Int, cells: [JSONValue?])] {
        let sortStart = columns.count
        let filterStart = sortStart + sort.count
        var selected: [(place: Int, cells: [JSONValue?])] = []
        var order = SortOrder(sort)
        for place in 0..<count {
            let values = values(place)
            let names = values[(filterStart + filters.count)...]
            let passes = zip(filters, values[filterStart...]).allSatisfy { filter, value in
                filter.matches(value) || filter.isOfName && ImageQuery.isCalled(by: filter, names)
            }
            guard passes else { continue }
            selected.append((place, Array(values[..<sortStart])))
            order.append(values[sortStart..<filterStart])
        }
        return sort.isEmpty ? selected : order.sorted().map { selected[$0] }
    }
}

/// An image in a listing.
public struct ImageRow<Image> {
    public let image: Image
    /// The values of the columns; nil for what is missing.
    public let cells: [JSONValue?]

    public init(image: Image, cells: [JSONValue?]) {
        self.image = image
        self.cells = cells
    }
}

extension ImageRow: Sendable where Image: Sendable {}
