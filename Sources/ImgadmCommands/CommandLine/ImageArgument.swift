import Failure
import ImageModel
import ImageTool

/// An argument that names an image of the sources: a UUID, a name, or a docker reference (imgadm.8, "NAMES OF IMAGES").
enum ImageArgument {
    case uuid(ImageUUID)
    case name(ImageName)
    case reference(DockerReference)
    /// One word: the name of an image; where there is none and docker sources are configured, a docker reference.
    case either(ImageName, DockerReference)

    /// - Throws: `Usage` for what is none of these.
    init(_ text: String) throws(Failure) {
        if let uuid = ImageUUID(typed: text) {
            self = .uuid(uuid)
            return
        }
        try ImageArgument.refusePlace(text)
        if let bare = ImageArgument.without("imgapi:", text) {
            guard let name = ImageName(bare) else {
                throw Failure(.usage, "invalid image-id arg: \"\(bare)\" is no name of an image")
            }
            self = .name(name)
            return
        }
        // What is no reference then is told below, with all of the text.
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

    /// Says of a URL what it is: it is no name of anything in a source.
    private static func refusePlace(_ text: String) throws(Failure) {
        let schemes = ["docker://", "oci://", "docker-daemon:", "containers-storage:"]
        if let scheme = schemes.first(where: text.hasPrefix) {
            let bare = text.dropFirst(scheme.count)
            throw Failure(
                .usage, "invalid image-id arg: \"\(text)\" has a \"\(scheme)\" that is written otherwise here",
                hint: "imgadm import docker:\(bare)")
        }
        // What is http, or a path, has been taken for a file before this (`FileArgument`).
        if ["ftp://", "file://"].contains(where: text.hasPrefix) {
            throw Failure(
                .usage, "invalid image-id arg: \"\(text)\" is a URL of a kind that is not fetched",
                hint:
                    "imgadm import URL takes a disk or a root file system by http and https, imgadm import FILE one of this host"
            )
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
            throw Failure(
                .imageNotFound, "no image source has an active image called \"\(name)\"",
                hint: sources.isEmpty ? await near(name, context) : nil)
        case .either(let name, let reference):
            do {
                let (uuid, failures) = try await find(name, context, sources, channel)
                if let uuid { return .uuid(uuid) }
                guard try !sources.isEmpty || context.tool.hasDockerSource() else {
                    if let failure = Failure.combining(failures) { throw failure }
                    throw Failure(
                        .imageNotFound, "no image source has an active image called \"\(name)\"",
                        hint: await near(name, context)
                            ?? "\(reference.localName):\(reference.target) names the docker image")
                }
                context.remark(failures.map { "\($0.description): \"\(name)\" is taken for a docker image" })
            } catch let failure as Failure where failure.code == .noSources {}
            return .reference(reference)
        }
    }

    /// Which name of the sources may have been meant.
    private func near(_ name: ImageName, _ context: CommandContext) async -> String? {
        // Only for a hint: what the sources answered, and what they could not, has been told.
        guard let names = try? await context.tool.availableNames() else { return nil }
        return Suggestion.hint(for: name.name, among: names)
    }

    private func find(
        _ name: ImageName, _ context: CommandContext, _ sources: [String], _ channel: String?
    ) async throws -> (uuid: ImageUUID?, failures: [Failure]) {
        try await context.tool.available(
            name, from: try sources.map { try context.tool.namedSource($0) }, channel: channel)
    }
}
