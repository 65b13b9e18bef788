import Failure
import ImageModel
import ImageTool

/// An argument that names an image of the sources: a UUID, a name, or a docker reference (imgadm.8, "NAMES OF IMAGES").
enum ImageArgument {
    case uuid(ImageUUID)
    case name(ImageName)
    case reference(DockerReference)
    /// One word: the name of an image if there is one, else a docker reference.
    case either(ImageName, DockerReference)

    /// - Throws: `Usage` for what is none of these.
    init(_ text: String) throws(Failure) {
        if let uuid = ImageUUID(text) {
            self = .uuid(uuid)
            return
        }
        if let bare = ImageArgument.without("imgapi:", text) {
            guard let name = ImageName(bare) else {
                throw Failure(.usage, "invalid image-id arg: \"\(bare)\" is no name of an image")
            }
            self = .name(name)
            return
        }
        if let bare = ImageArgument.without("docker:", text), let reference = try? DockerReference(bare) {
            self = .reference(reference)
            return
        }
        let name = ImageName(text)
        do {
            let reference = try DockerReference(text)
            // A tag, a registry or a path below one is what docker has.
            let isWord = text.utf8.allSatisfy { !":/@".utf8.contains($0) }
            if isWord, let name { self = .either(name, reference) } else { self = .reference(reference) }
        } catch {
            guard let name, !text.contains("/") else {
                throw Failure(
                    .usage, "invalid image-id arg: \"\(text)\" is neither a UUID nor a name nor a docker reference",
                    cause: error)
            }
            self = .name(name)
        }
    }

    private static func without(_ prefix: String, _ text: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    /// What it means, once sources have been asked for names: a UUID or a reference.
    ///
    /// - Throws: `ImageNotFound`, `AmbiguousName`; what the sources say.
    func settled(
        _ context: CommandContext, sources: [String] = [], channel: String? = nil
    ) async throws -> ImageArgument {
        switch self {
        case .uuid, .reference: return self
        case .name(let name):
            let (uuid, failures) = try await find(name, context, sources, channel)
            if let uuid { return .uuid(uuid) }
            if let failure = Failure.combining(failures) { throw failure }
            throw Failure(.imageNotFound, "no image source has an active image called \"\(name)\"")
        case .either(let name, let reference):
            do {
                let (uuid, failures) = try await find(name, context, sources, channel)
                if let uuid { return .uuid(uuid) }
                context.remark(failures.map { "\($0.description): \"\(name)\" is taken for a docker image" })
            } catch let failure as Failure where failure.code == .noSources {}
            return .reference(reference)
        }
    }

    private func find(
        _ name: ImageName, _ context: CommandContext, _ sources: [String], _ channel: String?
    ) async throws -> (uuid: ImageUUID?, failures: [Failure]) {
        try await context.tool.available(
            name, from: try sources.map { try context.tool.namedSource($0) }, channel: channel)
    }
}
