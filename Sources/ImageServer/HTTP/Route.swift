import ImageModel

/// What the path of a request leads to (imgapi.md, sections 1 and 10). Paths are exact.
enum Route: Equatable {
    /// The page for people.
    case page
    /// That of one image.
    case imagePage(ImageUUID)
    case metrics
    case ping
    case images
    case image(ImageUUID)
    case file(ImageUUID)
    case icon(ImageUUID)
    case fileFromURL(ImageUUID)
    case acl(ImageUUID)
    case state
    case authkeys
    case channels
    /// The names of before IMGAPI, which lead to those of today.
    case datasets(ImageUUID?)

    /// Nil if it leads nowhere.
    init?(path: Substring) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first == "", (2...5).contains(parts.count) else { return nil }
        let uuid = parts.count > 2 ? ImageUUID(parts[2]) : nil
        switch (parts[1], parts.count) {
        case ("", 2): self = .page
        case ("metrics", 2): self = .metrics
        case ("ping", 2): self = .ping
        case ("channels", 2): self = .channels
        case ("images", 2): self = .images
        case ("state", 2): self = .state
        case ("page", 3): if let uuid { self = .imagePage(uuid) } else { return nil }
        case ("authkeys", 3) where parts[2] == "reload": self = .authkeys
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
        case ("images", 5) where parts[3] == "file" && parts[4] == "from-url":
            if let uuid { self = .fileFromURL(uuid) } else { return nil }
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
        case .icon: "GET, HEAD, PUT, DELETE"
        case .acl, .fileFromURL, .authkeys: "POST"
        case .state: "GET, HEAD, POST"
        case .page, .imagePage, .metrics, .ping, .channels, .datasets: Route.methods
        }
    }

    /// The image that it is about; nil where it is about none alone.
    var image: ImageUUID? {
        switch self {
        case .image(let uuid), .file(let uuid), .icon(let uuid),
            .fileFromURL(let uuid), .acl(let uuid), .imagePage(let uuid):
            uuid
        case .datasets(let uuid): uuid
        case .page, .metrics, .ping, .images, .state, .authkeys, .channels: nil
        }
    }

    /// What it is called where requests are counted.
    var kind: String {
        switch self {
        case .page, .imagePage: "page"
        case .metrics: "metrics"
        case .ping: "ping"
        case .images: "images"
        case .image: "image"
        case .file: "file"
        case .icon: "icon"
        case .fileFromURL: "from-url"
        case .acl: "acl"
        case .state: "state"
        case .authkeys: "authkeys"
        case .channels: "channels"
        case .datasets: "datasets"
        }
    }
}
