import Failure
public import Logging
import Subprocess
import SystemPackage

/// Spawns real processes: no shell, an argument vector, messages in English, each in a process group of its own
/// so that a Ctrl-C at the terminal reaches us alone and we decide what becomes of the child.
public struct ProcessRunner: CommandRunner {
    private let log: Logger

    public init(log: Logger) { self.log = log }

    public func run(_ command: Command) async throws -> CommandOutcome {
        try Task.checkCancellation()
        let start = ContinuousClock.now
        let configuration = try configuration(of: command)
        // Not a child task: a command that has begun is waited for even when we are told to stop, so that its
        // caller always knows whether it was done.
        let outcome = try await ended(Task { try await spawn(command, configuration, .none) }, command)
        note(command, outcome, since: start)
        return outcome
    }

    public func feed<Value: Sendable>(
        _ command: Command, body: (ChildInput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        try Task.checkCancellation()
        let start = ContinuousClock.now
        let configuration = try configuration(of: command)
        let (childEnd, input) = try ChildInput.makeStream()
        let child = Task {
            try await spawn(command, configuration, .fileDescriptor(childEnd, closeAfterSpawningProcess: true))
        }
        let value: Result<Value, any Error>
        do {
            value = .success(try await body(input))
        } catch {
            value = .failure(error)
        }
        input.close()
        let outcome = try await ended(child, command)
        note(command, outcome, since: start)
        return (outcome, value)
    }

    /// Waits for a command; one that takes too long is killed.
    ///
    /// - Throws: `CommandFailed`.
    private func ended(_ child: Task<CommandOutcome, any Error>, _ command: Command) async throws -> CommandOutcome {
        guard let limit = command.limit else { return try await child.value }
        let timer = Task {
            try await Task.sleep(for: limit)
            child.cancel()
        }
        defer { timer.cancel() }
        let result = await child.result
        guard !child.isCancelled else {
            throw Failure(.commandFailed, "\(command) did not end within \(limit.components.seconds) s, and was killed")
        }
        return try result.get()
    }

    public func drain<Value: Sendable>(
        _ command: Command, body: (ChildOutput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        try Task.checkCancellation()
        let start = ContinuousClock.now
        let configuration = try configuration(of: command)
        let (childEnd, output) = try ChildOutput.makeStream()
        let child = Task { try await spawn(command, configuration, writingTo: childEnd) }
        let value: Result<Value, any Error>
        do {
            value = .success(try await body(output))
        } catch {
            value = .failure(error)
        }
        output.close()
        let outcome = try await child.value
        note(command, outcome, since: start)
        return (outcome, value)
    }

    private func spawn(
        _ command: Command, _ configuration: Configuration, writingTo output: FileDescriptor
    ) async throws -> CommandOutcome {
        do {
            let result = try await Subprocess.run(
                configuration, input: .none, output: .fileDescriptor(output, closeAfterSpawningProcess: true),
                error: .bytes(limit: .max))
            return CommandOutcome(
                ending: .init(result.terminationStatus),
                errorText: String(decoding: result.standardError, as: UTF8.self))
        } catch let error as SubprocessError {
            throw Failure(.commandFailed, "\(command) could not be run", cause: error)
        }
    }

    /// Runs a command to its end, whatever that is.
    private func spawn(
        _ command: Command, _ configuration: Configuration, _ input: some InputProtocol
    ) async throws -> CommandOutcome {
        do {
            let result = try await Subprocess.run(
                configuration, input: input, output: .bytes(limit: command.mostOutput ?? .max),
                error: .bytes(limit: command.mostOutput ?? .max))
            return CommandOutcome(
                ending: .init(result.terminationStatus), output: result.standardOutput,
                errorText: String(decoding: result.standardError, as: UTF8.self))
        } catch let error as SubprocessError {
            throw Failure(.commandFailed, "\(command) could not be run", cause: error)
        }
    }

    private func configuration(of command: Command) throws -> Configuration {
        guard let path = ExecutableSearch.find(command.program) else {
            throw Failure(
                .commandNotFound, "cannot find the program \"\(command.program)\"",
                hint: command.program == "zfs" || command.program == "zpool"
                    ? "install ZFS: zfsutils-linux, or zfs-fuse where the kernel has none" : nil)
        }
        var options = PlatformOptions()
        options.processGroupID = 0
        return Configuration(
            executable: .path(path), arguments: Arguments(command.arguments),
            environment: .inherit.updating(["LC_ALL": "C"]), platformOptions: options)
    }

    private func note(_ command: Command, _ outcome: CommandOutcome, since start: ContinuousClock.Instant) {
        log.trace(
            "command",
            metadata: [
                "command": "\(command)", "ending": "\(outcome.ending)",
                "elapsed": "\(start.duration(to: .now))", "stderr": "\(outcome.errorText.prefix(2000))",
            ])
    }
}

extension CommandOutcome.Ending {
    init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(Int32(code))
        case .signaled(let number): self = .signaled(Int32(number))
        }
    }
}
