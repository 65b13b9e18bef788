import ArgumentParser
import Failure
import Glibc
import Host
import ImageModel
import ImageServer
import Logging
import SystemPackage
import Transport

@main
struct ServerProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imgapi-server",
        abstract: "Serve images by the IMGAPI protocol, and mirror those of other servers.",
        usage: [ServeCommand.configuration, MirrorCommand.configuration, CompletionCommand.configuration].compactMap(
            \.usage
        ).joined(separator: "\n"),
        discussion: "imgapi-server help serve, and help mirror, show the options.",
        version: "imgapi-server \(ImageServer.version)",
        subcommands: [ServeCommand.self, MirrorCommand.self, CompletionCommand.self],
        defaultSubcommand: ServeCommand.self)

    static func main() async {
        do {
            try ProcessStart.prepare()
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as any CodedError {
            end(
                error.failure.exitStatus,
                "error (\(error.code)): \(error.description)\(error.hint.map { "\n  hint: \($0)" } ?? "")")
        } catch  where exitCode(for: error) == .success {
            print(fullMessage(for: error))
        } catch  where exitCode(for: error) == .validationFailure {
            end(2, fullMessage(for: error))
        } catch {
            end(1, "error: \(error)")
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

    private static func end(_ status: Int32, _ message: String) -> Never {
        _ = try? FileDescriptor.standardError.writeAll("imgapi-server: \(message)\n".utf8)
        Glibc.exit(status)
    }
}
