import Failure
import ImageModel
import ImageSource
import ImageTool

/// An argument that names an image of the sources: a UUID, a name, or a docker reference (imgadm.8, "NAMES OF IMAGES").
enum ImageArgument {
    case uuid(ImageUUID)
    case name(ImageName)
    case reference(DockerReference)
    /// One word: the name of an image; where there is none and docker sources are configured, a docker reference.
    case either(ImageName, DockerReference)
    /// Words parted by slashes: the name of an image of simplestreams; where no such source is configured, or none has it, a
    /// docker reference, if it is one.
    case path(ImageName, DockerReference?)

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
            if isWord, let name {
                self = .either(name, reference)
            } else if let name, !reference.namesHost {
                self = .path(name, reference)
            } else {
                self = .reference(reference)
            }
        } catch {
            guard let name else { throw ImageArgument.isNothing(text, cause: error) }
            self = text.contains("/") ? .path(name, nil) : .name(name)
        }
    }

    private static func isNothing(_ text: String, cause: Failure? = nil) -> Failure {
        Failure(
            .usage, "invalid image-id arg: \"\(text)\" is neither a UUID nor a name nor a docker reference",
            cause: cause)
    }

    /// Says of a URL what it is: it is no name of anything in a source.
    private static func refusePlace(_ text: String) throws(Failure) {
        let schemes = ["docker://", "oci://", "docker-daemon:", "containers-storage:"]
        if let scheme = schemes.first(where: text.hasPrefix) {
            let bare = text.dropFirst(scheme.count)
            throw Failure(
                .usage, "invalid image-id arg: \"\(text)\" has a \"\(scheme)\" that is written otherwise here",
                hint: scheme == "oci://"
                    ? "imgadm import oci:\(bare); a repository of images is added by imgadm sources -a \(text)"
                    : "imgadm import docker:\(bare)")
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
    /// - Parameters:
    ///   - sources: the URLs of those to ask; the configured ones if empty.
    ///   - type: of an image that is named.
    /// - Throws: `ImageNotFound`, `AmbiguousName`, `Usage`; what the sources say.
    func settled(
        _ context: CommandContext, sources: [String] = [], channel: String? = nil, type: ImageType? = nil
    ) async throws -> ImageArgument {
        defer { context.remark(context.tool.takeSourceRemarks()) }
        let given = try sources.map { try context.tool.namedSource($0) }
        func find(_ name: ImageName, _ sources: [SourceDescriptor]) async throws -> (ImageUUID?, failures: [Failure]) {
            try await context.tool.available(name, from: sources, channel: channel, type: type)
        }
        func notFound(_ name: ImageName, hint: String?) -> Failure {
            Failure(
                .imageNotFound,
                "no image source has an active image called \"\(name)\"\(type.map { " of type \($0.rawValue)" } ?? "")",
                hint: hint)
        }
        // Whoever did not answer may have it; what was typed may be wrong all the same.
        func unanswered(_ name: ImageName, _ failures: [Failure]) async -> Failure? {
            guard let failure = Failure.combining(failures)?.failure else { return nil }
            let refusal = failures.first(where: ImageTool.refusesAccess)
            let hint: String? = if let refusal { refusal.hint } else { await near(name, given, context) }
            return Failure(
                refusal?.code ?? failure.code,
                "no image source that answers has an active image called \"\(name)\"", cause: failure,
                hint: hint ?? failure.hint, statusCode: refusal?.statusCode)
        }
        switch self {
        case .uuid, .reference:
            guard type == nil else { throw Failure(.usage, "--type goes with the name of an image of a source") }
            return self
        case .name(let name):
            let (uuid, failures) = try await find(name, given)
            if let uuid { return .uuid(uuid) }
            if let failure = await unanswered(name, failures) { throw failure }
            throw notFound(name, hint: await near(name, given, context))
        case .either(let name, let reference):
            do {
                let (uuid, failures) = try await find(name, given)
                if let uuid { return .uuid(uuid) }
                // What answers as an image server, and be it that it refuses us, is no registry.
                let isDocker =
                    try given.isEmpty
                    ? context.tool.hasDockerSource() : !failures.allSatisfy(ImageTool.refusesAccess)
                guard type == nil && isDocker else {
                    if let failure = await unanswered(name, failures) { throw failure }
                    throw notFound(
                        name,
                        hint: await near(name, given, context)
                            ?? "\(reference.localName):\(reference.target) names the docker image")
                }
                context.remark(failures.map { "\($0.description): \"\(name)\" is taken for a docker image" })
            } catch let missing as NoSources {
                // Sources that have no names to ask for may be registries.
                guard try !sources.isEmpty || context.tool.hasDockerSource() else { throw missing }
            }
            return .reference(reference)
        case .path(let name, let reference):
            let streams = try context.tool.simplestreams(among: given)
            if !streams.isEmpty {
                let (uuid, failures) = try await find(name, streams)
                if let uuid { return .uuid(uuid) }
                // Whoever has that name in a registry is not who was meant while the server is away.
                if let failure = await unanswered(name, failures) { throw failure }
                guard try reference != nil && type == nil && context.tool.hasDockerSource() else {
                    let other = reference.map { "docker:\($0.localName) names the docker image" }
                    throw notFound(name, hint: await near(name, given, context) ?? other)
                }
            }
            guard let reference else { throw ImageArgument.isNothing("\(name)") }
            return try await ImageArgument.reference(reference).settled(context, type: type)
        }
    }

    /// Which name of the sources may have been meant.
    private func near(_ name: ImageName, _ sources: [SourceDescriptor], _ context: CommandContext) async -> String? {
        // Only for a hint: what the sources answered, and what they could not, has been told.
        guard let names = try? await context.tool.availableNames(from: sources) else { return nil }
        return Suggestion.hint(for: name.name, among: names)
    }
}
