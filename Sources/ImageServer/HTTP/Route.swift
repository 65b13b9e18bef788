import ImageModel

/// What the path of a request leads to (imgapi.md, sections 1 and 10). Paths are exact.
enum Route: Equatable {
    /// The page for people.
    case page
    case metrics
    case ping
    case images
    case image(ImageUUID)
    case file(ImageUUID)
    case icon(ImageUUID)
    case acl(ImageUUID)
    case channels
    /// The names of before IMGAPI, which lead to those of today.
    case datasets(ImageUUID?)

    /// Nil if it leads nowhere.
    init?(path: Substring) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first == "", (2...4).contains(parts.count) else { return nil }
        let uuid = parts.count > 2 ? ImageUUID(parts[2]) : nil
        switch (parts[1], parts.count) {
        case ("", 2): self = .page
        case ("metrics", 2): self = .metrics
        case ("ping", 2): self = .ping
        case ("channels", 2): self = .channels
        case ("images", 2): self = .images
        case ("datasets", 2): self = .datasets(nil)
        case ("datasets", 3): if let uuid { self = .datasets(uuid) } else { return nil }
        case ("images", 3): if let uuid { self = .image(uuid) } else { return nil }
        case ("images", 4):
            guard let uuid else { return nil }
            switch parts[3] {
            case "file": self = .file(uuid)
            case "icon": self = .icon(uuid)
            case "acl": self = .acl(uuid)
            default: return nil
            }
        default: return nil
        }
    }

    /// What may be done on a server that only reads, for the `Allow` header.
    static let methods = "GET, HEAD"

    /// What may be done on a server that is written to.
    var writeMethods: String {
        switch self {
        case .images: "GET, HEAD, POST"
        case .image: "GET, HEAD, POST, DELETE"
        case .file: "GET, HEAD, PUT"
        case .acl: "POST"
        case .page, .metrics, .ping, .channels, .icon, .datasets: Route.methods
        }
    }

    /// What it is called where requests are counted.
    var kind: String {
        switch self {
        case .page: "page"
        case .metrics: "metrics"
        case .ping: "ping"
        case .images: "images"
        case .image: "image"
        case .file: "file"
        case .icon: "icon"
        case .acl: "acl"
        case .channels: "channels"
        case .datasets: "datasets"
        }
    }
}
