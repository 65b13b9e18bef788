import Failure
import ImageModel
import JSON

/// What of a source's list is wanted.
struct MirrorChoice {
    /// All that the source lists.
    let listed: Set<ImageUUID>
    /// What is to be here.
    let wanted: [ImageUUID]
    /// How many of a name; nil for all.
    let keeps: Int?
    /// What would be, if there were not enough newer ones of its name in the list. Whether these come is another matter.
    let superseded: Set<ImageUUID>
    /// What the list has in place of those.
    let newest: Set<ImageUUID>
    /// Those of the wanted, and of what they build on, that have an icon.
    let withIcons: [ImageUUID]

    /// - Throws: `Usage` for a filter that is none, or by a field that no image has.
    init(_ list: [ListedImage], filters: [String], keeps: Int?) throws {
        let query = try ImageQuery(columns: "uuid", filters: filters)
        try query.checkFields(among: list) { $0.manifest }
        // Some sources list what they have disabled.
        let fitting = query.rows(of: list, manifest: \.manifest).map(\.image).filter {
            $0.manifest["state"].map { $0.stringValue == ImageState.active.rawValue } ?? true
        }
        self.keeps = keeps
        listed = Set(list.map(\.uuid))
        var old: Set<ImageUUID> = []
        if let keeps {
            let byName = Dictionary(grouping: fitting) { $0.manifest["name"]?.stringValue ?? "" }
            for images in byName.values {
                // Dates of this form compare as texts.
                let newest = images.sorted {
                    ($0.manifest["published_at"]?.stringValue ?? "", $0.uuid)
                        > ($1.manifest["published_at"]?.stringValue ?? "", $1.uuid)
                }
                old.formUnion(newest.dropFirst(keeps).map(\.uuid))
            }
        }
        superseded = old
        wanted = fitting.map(\.uuid).filter { !old.contains($0) }
        newest = Set(wanted)
        withIcons = list.filter { $0.manifest["icon"]?.boolValue == true && !old.contains($0.uuid) }.map(\.uuid)
    }
}
