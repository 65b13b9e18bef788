import Failure
import ImageModel
import ImageSource
import ImageTool
import Transport

extension ImageArgument {
    /// Does what is to be done with a docker reference; where that fails, the error says what may have been meant by the word instead.
    static func tellingMeant<Value>(
        by word: String, _ reference: DockerReference, _ context: CommandContext, _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await work()
        } catch let error as any CodedError {
            guard error is ConnectionError || [.unauthorized, .forbidden, .notFound].contains(error.refusalKind),
                !reference.namesHost,
                let meant = await meant(by: word, reference, context)
            else { throw error }
            throw Failure(
                error.code, error.message, cause: error.cause, hints: [meant] + error.failure.hints,
                statusCode: error.statusCode)
        }
    }

    private static func meant(
        by word: String, _ reference: DockerReference, _ context: CommandContext
    ) async -> String? {
        let name = reference.localName
        if word == name, let missing = missingSource(of: name, context) { return missing }
        // Only for a hint: why there was no docker image is told.
        guard let names = try? await context.tool.availableNames() else { return nil }
        if let tag = reference.tag, word == "\(name):\(tag)", names.contains(name) {
            return "a source has images called \"\(name)\": imgadm import \(ShellWord.quoted("\(name)@\(tag)"))"
        }
        return Suggestion.hint(for: name, among: names)
    }

    /// What to do where a name is one that only servers of simplestreams have, and none of those is a source.
    static func missingSource(of word: String, _ context: CommandContext) -> String? {
        // Only for a hint: a config that cannot be read is told elsewhere.
        guard isCalledAsOfStreams(word),
            let streams = try? context.tool.sources(among: [], of: { $0 == .simplestreams }), streams.isEmpty
        else { return nil }
        return
            "images of LXC's and Ubuntu's servers have such names, and no source of type simplestreams is configured: imgadm sources -t simplestreams -a https://images.linuxcontainers.org adds one"
    }

    /// `debian/13/cloud`, `ubuntu/24.04`: a system, its release, and perhaps a variant. No repository of Docker Hub has three parts.
    private static func isCalledAsOfStreams(_ word: String) -> Bool {
        let parts = word.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 || parts.count == 2 && parts[1].first?.isNumber == true
    }

    /// It looks like a server's name or address.
    static func isHost(_ word: String) -> Bool { word == "localhost" || word.contains(".") }
}
