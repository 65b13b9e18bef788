import Host
import ImageModel
import ImageStore
import ZFS

/// `list --tree`: images below the image that they build on.
enum OriginTree {
    /// The rows in the order of the tree, and what stands before each.
    static func order(
        _ rows: [ImageRow<InstalledImage>], isASCII: Bool
    ) -> [(row: ImageRow<InstalledImage>, lead: String)] {
        struct Place: Hashable {
            let pool: String
            let uuid: String
        }
        func place(_ image: InstalledImage) -> Place {
            Place(pool: image.pool.description, uuid: image.uuid.description)
        }
        func origin(_ image: InstalledImage) -> Place? {
            image.origin.map { Place(pool: image.pool.description, uuid: String($0.dataset.lastComponent)) }
                ?? image.manifest.origin.map { Place(pool: image.pool.description, uuid: $0.description) }
        }
        let shown = Set(rows.map { place($0.image) })
        var children: [Place: [ImageRow<InstalledImage>]] = [:]
        var roots: [ImageRow<InstalledImage>] = []
        for row in rows {
            if let origin = origin(row.image), shown.contains(origin) {
                children[origin, default: []].append(row)
            } else {
                roots.append(row)
            }
        }
        let (branch, end, line) = isASCII ? ("|- ", "`- ", "|  ") : ("├─ ", "└─ ", "│  ")
        var ordered: [(ImageRow<InstalledImage>, String)] = []
        var placed: Set<Place> = []
        // Those below come by their origins; the rest would be in a circle, of which records may speak.
        for root in roots + rows {
            // A stack, since a chain may be as deep as it likes.
            var waiting = [(row: root, lead: "", next: "")]
            while let (row, lead, next) = waiting.popLast() {
                guard placed.insert(place(row.image)).inserted else { continue }
                ordered.append((row, lead))
                let below = children.removeValue(forKey: place(row.image)) ?? []
                for (number, child) in below.enumerated().reversed() {
                    let isLast = number == below.count - 1
                    waiting.append((child, next + (isLast ? end : branch), next + (isLast ? "   " : line)))
                }
            }
        }
        return ordered
    }

    /// Whether the terminal's characters are only those of ASCII (POSIX, "Environment Variables": LC_ALL, LC_CTYPE, LANG).
    static func isASCII(_ environment: [String: String]) -> Bool {
        let named = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        return !named.lowercased().replacing("-", with: "").contains("utf8")
    }
}
