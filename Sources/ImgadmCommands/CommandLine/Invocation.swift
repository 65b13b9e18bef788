import ArgumentParser
import Failure
import Host
import Logging
import Terminal
import Transport

/// One run of the tool: from the words of the command line to an exit status.
struct Invocation: Sendable {
    let words: [String]
    let environment: [String: String]

    init(_ words: [String], environment: [String: String]) {
        self.words = words
        self.environment = environment
    }

    func run() async -> Int32 {
        do {
            let (options, name, rest) = try GlobalOptions.split(words)
            if name.flatMap(CommandList.find) == nil { try URLCredentials.refuse(in: words) }
            return await run(options, name, rest)
        } catch {
            return fail(error)
        }
    }

    /// Tells an error from before there is a command.
    ///
    /// - Returns: the exit status.
    func fail(_ error: Failure) -> Int32 {
        // In the form that the options before it asked for.
        let structured = words.prefix { $0.hasPrefix("-") }.contains { !$0.hasPrefix("--") && $0.contains("E") }
        let records = RunLog(environment: environment, verbose: false)
        let style = TextStyle(environment: environment)
        ErrorReport(command: nil, structured: structured, verbose: false, records: records, style: style).show(error)
        return error.exitStatus
    }

    private func run(_ options: GlobalOptions, _ name: String?, _ rest: [String]) async -> Int32 {
        let output = Output()
        let command = name.flatMap(CommandList.find)
        let records = RunLog(
            environment: environment, verbose: options.verbose,
            tellingPeopleOf: options.structuredErrors ? nil : command?.name)
        let report = ErrorReport(
            command: command?.name ?? name, structured: options.structuredErrors, verbose: options.verbose,
            records: records, style: TextStyle(environment: environment))
        do {
            if options.version {
                try output.line("imgadm \(Imgadm.version)")
            } else if options.help {
                try output.text(HelpText.overview)
            } else if let dump = options.dump {
                try output.text(dump + "\n")
            } else if name == nil {
                try output.text(HelpText.overview)
                try output.flush()
                throw Failure(.noCommand, "no command given")
            } else if let command {
                let context = try CommandContext(
                    command: command.name, options: options, environment: environment, output: output, records: records)
                do {
                    if !["help", "completion", "complete"].contains(command.name) {
                        let root = HostRoot(environment: environment)
                        if command.name == "check" {
                            try root.checkStateFolders()
                        } else {
                            try root.checkFolders()
                            try await context.recoverMachines()
                        }
                    }
                    try await command.run(rest, context)
                } catch {
                    await context.close()
                    throw error
                }
                await context.close()
            } else {
                throw Failure(
                    .unknownCommand, "unknown command: \"\(name ?? "")\"",
                    hint: CommandList.hint(forUnknown: name ?? ""))
            }
            try output.flush()
            return 0
        } catch is OutputClosed {
            // Whoever read our output has seen enough.
            return 0
        } catch is CancellationError {
            // Why the command ended is what counts, here and below; the output may be what failed.
            try? output.flush()
            report.note("stopped by a signal")
            return 1
        } catch {
            try? output.flush()
            let failure = Failure.wrapping(error, .internalError, "unexpected error")
            report.show(failure)
            return failure.exitStatus
        }
    }
}
