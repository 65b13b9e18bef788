public import JSON

/// The fields that will be asked of many images, prepared so that each manifest is walked only once.
public struct FieldSelection: Sendable {
    /// Where a field comes from; the places are those of ``keys``.
    private enum Origin: Sendable {
        case computed(ComputedField, ingredients: [Int])
        case manifest([(key: Int, rest: ArraySlice<String>)])
    }

    public let paths: [FieldPath]
    private let keys: JSONKeys
    private let origins: [Origin]

    public init(_ paths: [FieldPath]) {
        var names: [String] = []
        func place(of name: String) -> Int {
            if let place = names.firstIndex(of: name) { return place }
            names.append(name)
            return names.count - 1
        }
        self.paths = paths
        origins = paths.map { path in
            if let field = ComputedField(rawValue: path.text) {
                .computed(field, ingredients: field.ingredients.map(place))
            } else {
                .manifest(FieldPath.ways(path.parts[...]).map { (place(of: $0.key), $0.rest) })
            }
        }
        keys = JSONKeys(names)
    }

    /// The fields of an image, in the order of the paths; nil for one that is missing or `null`.
    public func values(of manifest: JSONSlice, _ extras: ImageExtras = ImageExtras()) -> [JSONValue?] {
        read(manifest, extras)
    }

    /// The fields of an image, in the order of the paths; nil for one that is missing or `null`.
    public func values(of manifest: JSONValue, _ extras: ImageExtras = ImageExtras()) -> [JSONValue?] {
        read(manifest, extras)
    }

    private func read(_ manifest: some JSONReadable, _ extras: ImageExtras) -> [JSONValue?] {
        let members = manifest.members(keys)
        return origins.map { origin in
            let value: JSONValue?
            switch origin {
            case .computed(let field, let ingredients):
                value = field.value(ingredients.map { members[$0] }, extras)
            case .manifest(let ways):
                value =
                    ways.lazy.compactMap { way in members[way.key].map { (way, $0) } }.first
                    .flatMap { way, member in FieldPath.find(way.rest, in: member) }?.value
            }
            return value == .null ? nil : value
        }
    }
}
