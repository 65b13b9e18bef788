public import Failure
public import JSON

extension ImageQuery {
    /// Makes sure that columns, sort keys and filters name fields that there are: of manifests, computed, or what some image has.
    /// A slip would otherwise look as if there were no such image.
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
    }
}

extension FieldPath {
    /// The fields that there are whatever images there are.
    static let known = Set(
        FieldHelp.fields.map(\.name).filter { !$0.hasSuffix("*") } + ComputedField.allCases.map(\.rawValue)
            + ManifestValidation.fields
    ).sorted()

    /// It is such a field, or a path into one.
    var isKnown: Bool { Self.known.contains(text) || parts.first.map(ManifestValidation.fields.contains) ?? false }
}
