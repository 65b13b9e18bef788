import ArgumentParser
import Failure
import Glibc
import Host
import ImageModel
import ImageServer
import Logging
import SystemPackage
import Terminal
import Transport

@main
struct ServerProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imgapi-server",
        abstract: "Serve images by the IMGAPI protocol, and mirror those of other servers.",
        usage: [ServeCommand.configuration, MirrorCommand.configuration, ServerCompletionCommand.configuration]
            .compactMap(\.usage).joined(separator: "\n"),
        discussion: "imgapi-server help serve, and help mirror, show the options.",
        version: "imgapi-server \(ImageServer.version)",
        subcommands: [ServeCommand.self, MirrorCommand.self, ServerCompletionCommand.self],
        defaultSubcommand: ServeCommand.self)

    /// Ways to call it as the help has them: ArgumentParser puts seven places before each line, and breaks none.
    static func usage(_ text: String) -> String {
        UsageText.filled(
            text, of: "imgapi-server", width: HelpWidth.columns(said: ProcessEnvironment.variables["COLUMNS"]) - 7,
            first: "", rest: "    ")
    }

    static func main() async {
        do {
            try ProcessStart.prepare()
            // ArgumentParser traps where it has no room for its two columns.
            let width = HelpWidth.columns(said: ProcessEnvironment.variables["COLUMNS"])
            unsafe setenv("COLUMNS", "\(width)", 1)
            try URLCredentials.refuse(in: CommandLine.arguments.dropFirst())
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as any CodedError {
            end(error)
        } catch  where exitCode(for: error) == .success {
            print(fullMessage(for: error))
        } catch  where exitCode(for: error) == .validationFailure {
            end(mistake(error))
        } catch {
            end(Failure.wrapping(error, .internalError, "unexpected error"))
        }
    }

    static func logger() -> Logger {
        let named = ProcessEnvironment.variables["IMGADM_LOG_LEVEL"].flatMap { Logger.Level(bunyanName: $0) }
        let context = BunyanContext(name: "imgapi-server", requestID: ImageUUID().description)
        return Logger(label: "imgapi-server") { _ in BunyanLog(context: context, level: named ?? .warning) }
    }

    /// How the server asks others.
    static func network(_ logger: Logger) throws -> (sender: NetworkSender, transport: Transport) {
        var settings = try TransportSettings(environment: ProcessEnvironment.variables)
        // Whoever asks this server does not wait for long either.
        settings.patience = min(settings.patience, .seconds(20))
        settings.userAgent = "imgapi-server/\(ImageServer.version)"
        let sender = NetworkSender(settings: settings)
        return (sender, Transport(sender: sender, settings: settings, log: logger))
    }

    /// A mistake on the command line, told as imgadm tells one.
    private static func mistake(_ error: any Error) -> Failure {
        // The first of several readings is the plainest.
        let said = message(for: error).split(whereSeparator: \.isNewline).first.map(String.init)
        let command = CommandLine.arguments.dropFirst().first { word in
            configuration.subcommands.contains { $0.configuration.commandName == word }
        }
        return Failure(
            .option, said ?? "the command line cannot be understood",
            hint: "imgapi-server \(command.map { "help \($0)" } ?? "--help") shows the options")
    }

    private static func end(_ error: any CodedError) -> Never {
        let hint = error.failure.hints.map { "\n  hint: \(Printable.text($0))" }.joined()
        let text = "imgapi-server: error (\(error.code)): \(Printable.text(error.description))\(hint)\n"
        // Where nobody reads errors, there is nowhere to tell that.
        _ = try? FileDescriptor.standardError.writeAll(TypedCredentials.ofThisProcess.hidden(in: text).utf8)
        Glibc.exit(error.failure.exitStatus)
    }
}
