import ImageCatalog
import ImageModel

/// Images of one name, the newest first.
struct ImageGroup {
    let name: String?
    let images: [ServedImage]

    var newest: ServedImage? { images.first }
}

/// The images that a page shows: those that match, by their names, in the order that is asked for.
struct ImageGroups {
    /// Of the page.
    let groups: [ImageGroup]
    /// What there is in all.
    let imageCount: Int
    /// What matches, on all pages.
    let matchCount: Int
    let groupCount: Int
    let pageCount: Int

    static let groupsPerPage = 100

    /// - Parameter images: those that may be seen, in the order of listings: the oldest first.
    init(_ images: some Collection<ServedImage>, _ query: PageQuery) {
        imageCount = images.count
        var order: [String] = []
        var byName: [String: [ServedImage]] = [:]
        var matches = 0
        for image in images.reversed() where ImageGroups.isMatch(image, query) {
            matches += 1
            // What has no name stands for itself, and so does each where all are of one name.
            let name = query.name == nil ? image.name : nil
            let key = name.map { "n\($0)" } ?? "u\(image.uuid)"
            if byName[key] == nil { order.append(key) }
            byName[key, default: []].append(image)
        }
        matchCount = matches
        groupCount = order.count
        let all = order.compactMap { key in byName[key].map { ImageGroup(name: $0.first?.name, images: $0) } }
        let sorted: [ImageGroup] =
            switch query.order {
            case .newest: all
            // What has no name comes last.
            case .name: ImageGroups.sorted(all) { $0.name.map { name in "0\(name.lowercased())" } ?? "1" }
            case .size: ImageGroups.sorted(all) { -($0.newest?.fileSize ?? 0) }
            }
        let pageCount = max(1, (sorted.count + Self.groupsPerPage - 1) / Self.groupsPerPage)
        self.pageCount = pageCount
        // A page that is no more is the last that there is.
        let first = (min(query.page, pageCount) - 1) * Self.groupsPerPage
        groups = Array(sorted[first..<min(first + Self.groupsPerPage, sorted.count)])
    }

    /// Equal ones stay in their order; each key is made once.
    private static func sorted<Key: Comparable>(_ groups: [ImageGroup], by key: (ImageGroup) -> Key) -> [ImageGroup] {
        let keys: [Key] = groups.map(key)
        let places = groups.indices.sorted { one, other in
            keys[one] == keys[other] ? one < other : keys[one] < keys[other]
        }
        return places.map { groups[$0] }
    }

    private static func isMatch(_ image: ServedImage, _ query: PageQuery) -> Bool {
        if let name = query.name, image.name != name { return false }
        guard !query.words.isEmpty else { return true }
        var text = ""
        for field in [image.name, image.version, image.os, image.type, image.description] {
            if let field { text += field + "\n" }
        }
        text += image.uuid.description
        for (key, value) in image.tags { text += "\n\(key)=\(value)" }
        let lower = text.lowercased()
        return query.words.allSatisfy { lower.contains($0) }
    }
}

extension ServedImage {
    /// In bytes, as it is sent; nil if it has no file, or none of which that is known.
    var fileSize: Int64? { files.first?.size.flatMap { $0 >= 0 ? $0 : nil } }
}
