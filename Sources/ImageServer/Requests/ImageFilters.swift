import ImageCatalog
import ImageModel

/// The filters of ListImages (imgapi.md, section 11). All must hold.
enum ImageFilters {
    typealias Filter = @Sendable (ServedImage) -> Bool

    /// - Throws: `InvalidParameter` for a value that none may have.
    static func parse(_ parameters: QueryParameters, seesAll: Bool) throws(RequestError) -> [Filter] {
        var filters = [try state(parameters["state"], seesAll: seesAll)]
        if let name = try parameters["name"] { filters.append(text(name, \.name)) }
        if let version = try parameters["version"] { filters.append(text(version, \.version)) }
        if let type = try parameters["type"] { filters.append(kind(type)) }
        if let os = try parameters["os"] { filters.append { $0.os == os } }
        if let owner = try parameters["owner"] { filters.append { $0.owner == owner } }
        if let isPublic = try parameters.flag("public") { filters.append { $0.isPublic == isPublic } }
        for parameter in parameters.all where parameter.name.hasPrefix("tag.") {
            let key = String(parameter.name.dropFirst("tag.".count))
            let value = parameter.value
            filters.append { $0.tags[key] == value }
        }
        if try parameters["billing_tag"] != nil {
            throw .invalidParameter("billing_tag", "images cannot be listed by \"billing_tag\"")
        }
        return filters
    }

    /// The anonymous see active images only: `all` means these, and of other states there are none for them.
    private static func state(_ state: String?, seesAll: Bool) throws(RequestError) -> Filter {
        if state == "all" { return { seesAll || $0.imageState == .active } }
        guard let known = ImageState(rawValue: state ?? ImageState.active.rawValue) else {
            throw .invalidParameter("state", "invalid state: \"\(state ?? "")\"")
        }
        return switch known {
        case .active: { $0.imageState == .active }
        case .unactivated: { seesAll && !$0.isActivated }
        case .disabled: { seesAll && $0.imageState == .disabled }
        case .creating, .failed: { _ in false }
        }
    }

    /// Exact, or after a `~` any text that has it in it.
    private static func text(_ wanted: String, _ field: any KeyPath<ServedImage, String?> & Sendable) -> Filter {
        guard wanted.hasPrefix("~") else { return { $0[keyPath: field] == wanted } }
        let part = String(wanted.dropFirst())
        return { image in
            guard let text = image[keyPath: field] else { return false }
            return part.isEmpty || text.contains(part)
        }
    }

    /// Exact, or after a `!` everything but that.
    private static func kind(_ wanted: String) -> Filter {
        guard wanted.hasPrefix("!") else { return { $0.type == wanted } }
        let unwanted = String(wanted.dropFirst())
        return { $0.type != unwanted }
    }
}
