public import Failure
public import JSON

extension ImageQuery {
    /// Makes sure that columns, sort keys and filters name fields that there are: of manifests, computed, or what some image has.
    /// A slip would otherwise look as if there were no such image. So would one in the value of a field that has few: what is like one
    /// of those, and what no image has, is an error.
    ///
    /// - Parameters:
    ///   - images: all that there are, before any filter.
    ///   - areAll: false where some could not be had: a field that is like no other may be of those.
    ///   - others: names that the listing has for columns of its own.
    ///   - manifest: of an image.
    /// - Throws: `Usage`.
    public func checkFields<Image, Value: JSONReadable>(
        among images: [Image], areAll: Bool = true, besides others: [String] = [], manifest: (Image) -> Value
    ) throws(Failure) {
        for path in columns + sort.map(\.path) + filters.map(\.path) where !path.isKnown {
            guard !images.contains(where: { path.find(in: manifest($0)) != nil }) else { continue }
            let tag = FieldPath("tags.\(path)")
            let isTag = images.contains { tag.find(in: manifest($0)) != nil }
            let near = isTag ? tag.text : Suggestion.nearest(to: path.text, among: FieldPath.known + others)
            // Where there are no images, nobody can say what else they have: a script must not fail on a host that is new.
            guard areAll && !images.isEmpty || near != nil && path.text.count > 3 else { continue }
            throw Failure(
                .usage, "unknown field: \"\(path)\" is none of a manifest, and no image has it",
                hint: near.map { "did you mean \"\($0)\"?" } ?? "imgadm list -o help shows the fields")
        }
        for filter in filters {
            guard case .equals(let value) = filter.condition, let values = filter.path.values, !values.contains(value),
                // What somebody has put into a manifest can be asked for.
                !images.contains(where: { filter.path.find(in: manifest($0))?.value.fieldText == value }),
                let near = Suggestion.nearest(to: value, among: values)
            else { continue }
            throw Failure(
                .usage, "no image has the \(filter.path) \"\(value)\"",
                hint: "did you mean \"\(near)\"? There are \(values.joined(separator: ", "))")
        }
    }
}

/// A field that no manifest has.
public enum UnknownField {
    /// The field of manifests that may have been meant; nil for one that there is, and for one that is like none.
    public static func near(_ field: String) -> String? {
        ManifestField.names.contains(field)
            ? nil : Suggestion.nearest(to: field, among: ManifestField.names.sorted())
    }
}

extension FieldPath {
    /// The fields that there are whatever images there are.
    static let known = Set(
        FieldHelp.fields.map(\.name).filter { !$0.hasSuffix("*") } + ComputedField.allCases.map(\.rawValue)
            + ManifestField.names
    ).sorted()

    /// All values that manifests know of it, where those are few (manifest.md).
    public var values: [String]? {
        switch text {
        case "type": ImageType.allCases.map(\.rawValue)
        case "os": ImageOS.allCases.map(\.rawValue)
        case "state": ImageState.allCases.map(\.rawValue)
        case "public", "disabled": ["true", "false"]
        default: nil
        }
    }

    /// It is such a field, or a path into one.
    var isKnown: Bool { Self.known.contains(text) || parts.first.map(ManifestField.names.contains) ?? false }
}
