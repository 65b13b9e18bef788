import ImageModel

/// What the path of a request leads to (imgapi.md, sections 1 and 10). Paths are exact.
enum Route: Equatable {
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
        case .ping, .channels, .icon, .datasets: Route.methods
        }
    }
}
