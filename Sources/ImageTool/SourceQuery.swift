public import Failure
import HostConfig
import IMGAPI
public import ImageModel
public import ImageSource
import Transport

/// Questions to several sources.
extension ImageTool {
    /// The configured sources.
    ///
    /// - Throws: `NoSources`, `ConfigError`.
    func configuredSources() throws -> [any ImageSource] {
        let descriptors = try config.load().sources
        guard !descriptors.isEmpty else {
            throw NoSources()
        }
        return try descriptors.map(sources.source)
    }

    /// Whether a registry is among the configured sources, so that a word may well be the name of a docker image.
    ///
    /// - Throws: `ConfigError`.
    public func hasDockerSource() throws -> Bool { try config.load().sources.contains { $0.type == .docker } }

    /// Sources of some types.
    ///
    /// - Parameter sources: those among which they are; the configured ones if empty.
    /// - Throws: `ConfigError`.
    public func sources(
        among sources: [SourceDescriptor], of isWanted: (SourceType) -> Bool
    ) throws -> [SourceDescriptor] {
        (sources.isEmpty ? try config.load().sources : sources).filter { isWanted($0.type) }
    }

    /// What sources had to say beside their answers, since this was last asked.
    public func takeSourceRemarks() -> [String] { sources.remarks.take() }

    /// Sources of descriptors.
    ///
    /// - Parameter channel: of all of them, in place of their own; those that can have none are left out then.
    func asked(_ descriptors: [SourceDescriptor], channel: String?) throws -> [any ImageSource] {
        try descriptors.filter { channel == nil || $0.type.takesChannels }
            .map { try sources.source(try $0.withChannel(channel)) }
    }

    /// The images of all sources that can list, asked side by side; of a UUID that several have, the one of the first.
    ///
    /// - Parameters:
    ///   - descriptors: the sources to ask; the configured ones if empty.
    ///   - architecture: of those that a source knows to be for certain processors.
    /// - Returns: the images, and the failures of the sources that could not answer.
    public func listedImages(
        from descriptors: [SourceDescriptor] = [], for architecture: ArchitectureChoice = .host
    ) async throws -> (images: [(image: ListedImage, source: SourceDescriptor)], failures: [Failure]) {
        let sources = descriptors.isEmpty ? try configuredSources() : try asked(descriptors, channel: nil)
        let answers = try await asking(sources) { try await $0.list(WantedImages(architecture: architecture)) }
        var seen: Set<ImageUUID> = []
        var images: [(image: ListedImage, source: SourceDescriptor)] = []
        var failures: [Failure] = []
        for (source, answer) in zip(sources, answers) {
            switch answer {
            case .success(let list):
                if let list { self.sources.keepNames(of: list, from: source.descriptor) }
                // Nil is said by a source that cannot list.
                for image in list ?? [] where seen.insert(image.uuid).inserted {
                    images.append((image, source.descriptor))
                }
            case .failure(let failure): failures.append(ImageTool.about(source, failure))
            }
        }
        return (images, failures)
    }

    /// What the images of the configured sources were called when they were last listed; nobody is asked.
    ///
    /// - Parameter type: of the sources; nil for all.
    public func keptNames(of type: SourceType? = nil) -> Set<String> {
        // For who is typing: what cannot be known is not offered.
        let descriptors = ((try? config.load().sources) ?? []).filter { type == nil || $0.type == type }
        return Set(descriptors.flatMap { sources.keptNames(from: $0) })
    }

    /// The manifest of an image in whatever state, from the first source that has it.
    ///
    /// - Throws: `ImageNotFound`.
    public func manifest(of uuid: ImageUUID) async throws -> Manifest {
        let found = try await lookUp(uuid, in: configuredSources()) { _ in true }
        if let manifest = found.match?.manifest { return manifest }
        // Whether it is here is only for a hint.
        let pool = try? await poolOfInstalled(uuid.description)
        throw ImageTool.missing(
            .imageNotFound, "image \(uuid) was not found in any image source", found.failures,
            hint: pool.map { "it is installed: imgadm get -P \($0) \(uuid) shows it" })
    }

    /// Which sources answer a ping, side by side, in the order of the sources.
    public func check(_ descriptors: [SourceDescriptor]) async throws -> [(any CodedError)?] {
        try await asking(try descriptors.map(sources.source)) { try await $0.ping() }.map { answer in
            if case .failure(let failure) = answer { failure } else { nil }
        }
    }

    /// Pings one source.
    ///
    /// - Throws: `SourcePing`.
    public func ping(_ descriptor: SourceDescriptor) async throws {
        if let failure = try await pingFailures([descriptor]).first { throw failure }
    }

    /// Pings sources that are to be added; what is wrong, and what each answers as, if it is something else.
    ///
    /// - Returns: a `SourcePing` for each that does not answer as it should.
    public func pingFailures(_ descriptors: [SourceDescriptor]) async throws -> [Failure] {
        var failures: [Failure] = []
        for (descriptor, failure) in zip(descriptors, try await check(descriptors)) {
            guard let failure else { continue }
            var hint = failure.hint
            // It was there, but not as what it is said to be.
            if !(failure is ConnectionError), let other = try await otherType(of: descriptor) {
                let repository = other.type == .docker ? ImageTool.repositoryURL(of: descriptor) : nil
                hint =
                    repository.map {
                        "it is in a registry, whose repository \($0) is a source of images: sources -a \(ShellWord.quoted($0))"
                    }
                    ?? "it answers as \(other.name): -t \(other.type.rawValue)"
            }
            failures.append(
                Failure(
                    .sourcePing, "unexpected ping error with image source \"\(descriptor.displayURL)\"", cause: failure,
                    hint: hint
                        ?? (failure.refusalKind == .notFound
                            ? "nothing is there: the path in the URL may be wrong; -f adds it all the same"
                            : "-f adds a source without asking it")))
        }
        return failures
    }

    /// A URL with a path in a registry as the repository that it may mean; nil if it can mean none.
    private static func repositoryURL(of descriptor: SourceDescriptor) -> String? {
        let base = descriptor.url.base
        guard !descriptor.url.path.isEmpty, let scheme = base.firstRange(of: "://") else { return nil }
        let url = "\(SourceType.oci.rawValue)://\(base[scheme.upperBound...])"
        // What is no name of a repository is not proposed.
        return (try? SourceDescriptor(url, type: .oci))?.displayURL
    }

    private static let typesByAnswer: [(type: SourceType, name: String)] = [
        (.imgapi, "an image server"), (.docker, "a Docker registry"), (.simplestreams, "a server of simplestreams"),
    ]

    /// What answers there, if it is something else than it is said to be.
    func otherType(of descriptor: SourceDescriptor) async throws -> (type: SourceType, name: String)? {
        // A repository is part of a URL that nothing else has.
        guard descriptor.type != .oci else { return nil }
        let others = ImageTool.typesByAnswer.filter { $0.type != descriptor.type }
        let asked = try others.map {
            try SourceDescriptor(descriptor.url.base, type: $0.type, insecure: descriptor.insecure)
        }
        return zip(others, try await check(asked)).first { $0.1 == nil }?.0
    }

    /// What `lookUp` found: the first image that fits, an image that does not, and what kept sources from answering.
    struct LookUp {
        var match: (manifest: Manifest, source: any ImageSource)?
        var unfit: Manifest?
        var unanswered: [Unanswered] = []
        var failures: [Failure] { unanswered.map(\.failure) }
    }

    /// What kept a source from answering.
    struct Unanswered {
        /// It names the source.
        let failure: Failure
        /// Nil where there was an answer, which could not be used.
        let connection: ConnectionError?

        init(_ source: any ImageSource, _ error: any CodedError) {
            failure = ImageTool.about(source, error)
            connection = error as? ConnectionError
        }

        /// Another says the same: of a source that is away, each image that it is asked for does.
        func repeats(_ other: Unanswered) -> Bool {
            failure.description == other.failure.description
                || failure.message == other.failure.message && connection != nil && other.connection != nil
        }
    }

    /// Looks for an image in sources. All are asked side by side, but an earlier one that has it wins.
    func lookUp(
        _ uuid: ImageUUID, in sources: [any ImageSource], where fits: @Sendable (Manifest) -> Bool
    ) async throws -> LookUp {
        try await withThrowingTaskGroup(of: (Int, Answer<Manifest?>).self) { group in
            for (place, source) in sources.enumerated() {
                group.addTask { (place, try await ImageTool.answer { try await source.manifest(of: uuid) }) }
            }
            defer { group.cancelAll() }
            var answers: [Int: Answer<Manifest?>] = [:]
            var result = LookUp()
            var next = 0
            while next < sources.count {
                guard let answer = answers[next] else {
                    guard let (place, answer) = try await group.next() else { break }
                    answers[place] = answer
                    continue
                }
                switch answer {
                case .success(let manifest?) where fits(manifest):
                    result.match = (manifest, sources[next])
                    return result
                case .success(let manifest): result.unfit = result.unfit ?? manifest
                case .failure(let failure): result.unanswered.append(Unanswered(sources[next], failure))
                }
                next += 1
            }
            return result
        }
    }

    /// What a source says.
    enum Answer<Value: Sendable>: Sendable {
        case success(Value)
        case failure(any CodedError)
    }

    /// Asks all sources at once; their answers in the order of the sources.
    func asking<Value: Sendable>(
        _ sources: [any ImageSource], _ question: @Sendable @escaping (any ImageSource) async throws -> Value
    ) async throws -> [Answer<Value>] {
        try await withThrowingTaskGroup(of: (Int, Answer<Value>).self) { group in
            for (place, source) in sources.enumerated() {
                group.addTask { (place, try await ImageTool.answer { try await question(source) }) }
            }
            var answers: [(Int, Answer<Value>)] = []
            for try await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private static func answer<Value: Sendable>(_ question: () async throws -> Value) async throws -> Answer<Value> {
        do {
            return .success(try await question())
        } catch let error as CancellationError {
            throw error
        } catch {
            try Task.checkCancellation()
            guard let error = error as? any CodedError else {
                return .failure(Failure(.sourceError, "the image source could not be asked", cause: error))
            }
            return .failure(error)
        }
    }

    /// A failure of a source, naming it.
    static func about(_ source: any ImageSource, _ failure: any CodedError) -> Failure {
        Failure(
            failure.code, "image source \"\(source.descriptor.displayURL)\"", cause: failure, hint: failure.hint,
            statusCode: failure.statusCode)
    }

    /// No source that answers has an image. If one refuses who asks, it may have it, and that is what is wrong.
    ///
    /// - Parameter code: otherwise.
    static func missing(
        _ code: Failure.Code, _ message: String, _ failures: [Failure], hint: String? = nil
    ) -> Failure {
        let refusal = failures.first(where: refusesAccess)
        return Failure(
            refusal?.code ?? code, message + unasked(failures),
            hint: refusal?.hint ?? hint ?? failures.lazy.compactMap(\.hint).first, statusCode: refusal?.statusCode)
    }

    /// A source wants to know who asks, or knows and refuses.
    public static func refusesAccess(_ failure: Failure) -> Bool {
        failure.refusalKind?.isOfAccess == true
    }

    /// ` (could not ask …)`, if there were failures.
    static func unasked(_ failures: [Failure]) -> String {
        failures.isEmpty ? "" : " (could not ask: \(failures.map(\.description).joined(separator: "; ")))"
    }
}
