import Failure
import ImageModel
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
            guard error is ConnectionError || [401, 403, 404].contains(error.statusCode), !reference.namesHost,
                let meant = await meant(by: word, reference, context)
            else { throw error }
            throw Failure(
                error.code, error.message, cause: error.cause, hint: error.hint.map { "\(meant)\n\($0)" } ?? meant,
                statusCode: error.statusCode)
        }
    }

    private static func meant(
        by word: String, _ reference: DockerReference, _ context: CommandContext
    ) async -> String? {
        let name = reference.localName
        if let tag = reference.tag, word == "\(name):\(tag)", isHost(name), UInt16(tag) != nil {
            return "imgadm sources -a http://\(word) adds an image server"
        }
        // Only for a hint: why there was no docker image is told.
        guard let names = try? await context.tool.availableNames() else { return nil }
        if let tag = reference.tag, word == "\(name):\(tag)", names.contains(name) {
            return "a source has images called \"\(name)\": imgadm import \(name)@\(tag)"
        }
        return Suggestion.hint(for: name, among: names)
    }

    /// It looks like a server's name or address.
    private static func isHost(_ word: String) -> Bool { word == "localhost" || word.contains(".") }
}
