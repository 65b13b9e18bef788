import Failure
import Host
import ImageModel
import ImageSource
import ImageTool
import SystemPackage

extension ImageArgument {
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
        context.remark(zip(given, sources).compactMap { $0.remark(onTyped: $1) })
        let question = SourceQuestion(context: context, sources: given, channel: channel, type: type)
        switch self {
        case .uuid, .reference:
            guard type == nil else { throw Failure(.usage, "--type goes with the name of an image of a source") }
            return self
        case .name(let name):
            let (uuid, failures) = try await question.find(name)
            if let uuid { return .uuid(uuid) }
            throw await question.failure(name, failures)
        case .beginning(let beginning, let name):
            var answer: (uuid: ImageUUID?, failures: [Failure]) = (nil, [])
            if let name { answer = try await question.find(name) }
            if answer.uuid == nil { answer = try await question.find(beginning) }
            if let uuid = answer.uuid { return .uuid(uuid) }
            throw await question.failure(beginning, answer.failures)
        case .either(let name, let reference):
            do {
                let (uuid, failures) = try await question.find(orBegunWith: name)
                if let uuid { return .uuid(uuid) }
                // What answers as an image server, and be it that it refuses us, is no registry.
                let isDocker =
                    try given.isEmpty
                    ? context.tool.hasDockerSource() : !failures.allSatisfy(ImageTool.refusesAccess)
                guard type == nil && isDocker else {
                    throw await question.failure(
                        name, failures, other: "imgadm avail shows the images; docker:\(name) would be the docker image"
                    )
                }
                context.remark(failures.map { "\($0.description): \"\(name)\" is taken for a docker image" })
            } catch let missing as NoSources {
                // Sources that have no names to ask for may be registries.
                guard try !sources.isEmpty || context.tool.hasDockerSource() else { throw missing }
            }
            try refuseFile(name, context)
            return .reference(reference)
        case .path(let name, let reference):
            let streams = try context.tool.sources(among: given) { $0 == .simplestreams }
            let others = try context.tool.sources(among: given) { $0 != .simplestreams && $0 != .docker }
            let mayBeDocker = try reference != nil && type == nil && (streams.isEmpty || context.tool.hasDockerSource())
            let other = reference.map {
                "imgadm avail shows the images; docker:\($0.localName) would be the docker image"
            }
            func question(_ sources: [SourceDescriptor]) -> SourceQuestion {
                SourceQuestion(context: context, sources: sources, channel: channel, type: type)
            }
            if !streams.isEmpty {
                let (uuid, failures) = try await question(streams).find(name)
                if let uuid { return .uuid(uuid) }
                // Whoever has that name elsewhere is not who was meant while the server is away.
                guard failures.isEmpty && (mayBeDocker || !others.isEmpty) else {
                    throw await question(streams).failure(name, failures, other: other)
                }
            }
            // What is a name with a version, but none of docker's, may be one; "x/" is none.
            if !others.isEmpty, reference != nil || (try? DockerReference(name.name)) != nil {
                // Who has published an image of such a server elsewhere has kept its name.
                let (uuid, failures) = try await question(others).find(name)
                if let uuid { return .uuid(uuid) }
                guard mayBeDocker && (given.isEmpty || !failures.allSatisfy(ImageTool.refusesAccess)) else {
                    throw await question(streams + others).failure(name, failures, other: other)
                }
                context.remark(failures.map { "\($0.description): \"\(name)\" is taken for a docker image" })
            }
            guard let reference else { throw ImageArgument.isNothing("\(name)") }
            try refuseFile(name, context)
            return try await ImageArgument.reference(reference).settled(context, type: type)
        }
    }

    /// What is called like a file of an image is not asked of a registry, and what merely lies here is not without a word.
    private func refuseFile(_ name: ImageName, _ context: CommandContext) throws(Failure) {
        guard let file = MeantFile(name.description) else { return }
        guard !file.isCertain else { throw ImageArgument.isFile(file) }
        context.remark(["\(file.words), and \"\(file.word)\" is taken for a docker image (\(file.hint))"])
    }

    static func isFile(_ file: MeantFile) -> Failure {
        Failure(
            .imageNotFound, "no image source has an image called \"\(file.word)\", and \(file.words)",
            hint: "\(file.hint); docker:\(file.word) would be the docker image")
    }
}

/// A question for an image by what was typed, and what is said if nobody has it.
private struct SourceQuestion {
    let context: CommandContext
    /// Those to ask; the configured ones if empty.
    let sources: [SourceDescriptor]
    let channel: String?
    let type: ImageType?

    func find(_ name: ImageName) async throws -> (uuid: ImageUUID?, failures: [Failure]) {
        try await context.tool.available(name, from: sources, channel: channel, type: type)
    }

    func find(_ beginning: UUIDBeginning) async throws -> (uuid: ImageUUID?, failures: [Failure]) {
        try await context.tool.available(beginning, from: sources, channel: channel, type: type)
    }

    /// A name that a source has counts more than digits that a UUID begins with.
    func find(orBegunWith name: ImageName) async throws -> (uuid: ImageUUID?, failures: [Failure]) {
        let found = try await find(name)
        guard found.uuid == nil,
            let beginning = UUIDBeginning(typed: name.description, atLeast: UUIDBeginning.least)
        else { return found }
        return try await find(beginning)
    }

    func failure(_ name: ImageName, _ failures: [Failure], other: String? = nil) async -> Failure {
        failure(
            "called \"\(name)\"\(type.map { " of type \($0.rawValue)" } ?? "")", failures,
            hint: await hint(for: name) ?? (failures.isEmpty ? other : nil))
    }

    func failure(_ beginning: UUIDBeginning, _ failures: [Failure]) async -> Failure {
        failure(
            "whose UUID begins with \"\(beginning)\"", failures,
            hint: await installed("\(beginning)") ?? "imgadm avail shows the images")
    }

    /// Nobody has it; and whoever did not answer may have it, but what was typed may be wrong all the same.
    private func failure(_ what: String, _ failures: [Failure], hint: String?) -> Failure {
        guard let failure = Failure.combining(failures)?.failure else {
            return Failure(.imageNotFound, "no image source has an active image \(what)", hint: hint)
        }
        let refusal = failures.first(where: ImageTool.refusesAccess)
        return Failure(
            refusal?.code ?? failure.code, "no image source that answers has an active image \(what)", cause: failure,
            hint: refusal == nil ? hint ?? failure.hint : refusal?.hint, statusCode: refusal?.statusCode)
    }

    /// What may have been meant: a file, another version, an image of this host, or a name that is spelled nearly so.
    private func hint(for name: ImageName) async -> String? {
        // Only for a hint, here and below: what the sources answered, and what they could not, is told.
        if let file = MeantFile("\(name)"), file.isCertain { return "\(file.words): \(file.hint)" }
        let listed = try? await context.tool.listedImages(from: sources).images.map(\.image)
        if let versions = listed.flatMap({ ImageTool.versions(of: name, among: $0) }) { return versions }
        if let installed = await installed("\(name)") { return installed }
        if sources.isEmpty, let missing = ImageArgument.missingSource(of: "\(name)", context) { return missing }
        if let meant = Suggestion.hint(for: name.name, among: Set((listed ?? []).flatMap(\.names))) { return meant }
        guard (try? HostFile.isFolder(FilePath("\(name)"))) == true else { return nil }
        return
            "a folder \"\(name)\" lies here: tar -C \(ShellWord.quoted("\(name)")) -caf ROOT.tar.gz . makes an archive of it, which imgadm import ./ROOT.tar.gz takes"
    }

    private func installed(_ word: String) async -> String? {
        guard let pool = try? await context.tool.poolOfInstalled(word) else { return nil }
        return "it is installed: imgadm get -P \(pool) \(ShellWord.quoted(word)) shows it"
    }
}
