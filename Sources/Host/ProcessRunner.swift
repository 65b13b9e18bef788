import Failure
import Glibc
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
        let outcome = try await Task { try await spawn(command, configuration, input: nil, output: nil) }.value
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
        let child = Task { try await spawn(command, configuration, input: childEnd, output: nil) }
        let value: Result<Value, any Error>
        do {
            value = .success(try await body(input))
        } catch {
            value = .failure(error)
        }
        input.close()
        let outcome = try await child.value
        note(command, outcome, since: start)
        return (outcome, value)
    }

    public func drain<Value: Sendable>(
        _ command: Command, body: (ChildOutput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        let start = ContinuousClock.now
        let configuration: Configuration
        let (childEnd, output): (FileDescriptor, ChildOutput)
        do {
            try Task.checkCancellation()
            configuration = try self.configuration(of: command)
            (childEnd, output) = try ChildOutput.makeStream()
        } catch {
            try? command.input?.close()  // the first error counts
            throw error
        }
        let process = RunningChild()
        let child = Task { try await spawn(command, configuration, process, input: command.input, output: childEnd) }
        let value: Result<Value, any Error>
        do {
            value = .success(try await body(output))
        } catch {
            value = .failure(error)
            // One that writes learns it by that; one that does something else for hours does not.
            if command.isUnprivileged { process.kill() }
        }
        output.close()
        let outcome = try await child.value
        note(command, outcome, since: start)
        return (outcome, value)
    }

    /// Runs a command to its end, or to the limits that it has.
    ///
    /// - Parameters:
    ///   - input: what it reads; it is closed here. Nil for nothing.
    ///   - output: what it writes to; it is closed here. Nil if that is to be collected.
    /// - Throws: `CommandFailed`.
    private func spawn(
        _ command: Command, _ configuration: Configuration, _ child: RunningChild = RunningChild(),
        input: FileDescriptor?, output: FileDescriptor?
    ) async throws -> CommandOutcome {
        let collector = OutputCollector(limit: command.mostOutput ?? 1 << 30) {
            // One that must never be killed goes on, and what it writes is dropped.
            if command.mostOutput != nil { child.kill() }
        }
        let collected: Pipe?
        let errors: Pipe
        do {
            collected = output == nil ? try Pipe() : nil
            errors = try Pipe()
        } catch {
            for file in [input, output] { try? file?.close() }
            throw Failure(.commandFailed, "\(command) could not be run", cause: error)
        }
        collector.begin(output: collected?.reader, errors: errors.reader)
        // It ends with the child, with the time that the child has, or, where not even a kill ends that, a while later.
        let (ends, tell) = AsyncStream.makeStream(of: Result<CommandOutcome.Ending, any Error>?.self)
        Task {
            do {
                let status = try await ProcessRunner.run(
                    configuration, child, input, output ?? collected?.writer ?? errors.writer, errors.writer)
                tell.yield(.success(status))
            } catch {
                tell.yield(.failure(error))
            }
        }
        let timer = command.limit.map { limit in
            Task {
                try await Task.sleep(for: limit)
                child.kill()
                try await Task.sleep(for: .seconds(10))
                tell.yield(nil)
            }
        }
        defer { timer?.cancel() }
        let start = ContinuousClock.now
        var end: Result<CommandOutcome.Ending, any Error>?
        for await told in ends {
            end = told
            break
        }
        child.ended()
        let said = await collector.end()
        if let limit = command.limit, ContinuousClock.now - start >= limit, (try? end?.get()) != .exited(0) {
            throw Failure(
                .commandFailed, "\(command) did not end within \(limit.components.seconds) s, and was killed")
        }
        if let error = said.readError {
            throw Failure(.commandFailed, "what \(command) wrote cannot be read", cause: error)
        }
        guard !said.isCut else {
            throw Failure(.commandFailed, "\(command) wrote more than \(command.mostOutput ?? 1 << 30) bytes")
        }
        do {
            guard let ending = try end?.get() else { throw CancellationError() }
            return CommandOutcome(
                ending: ending, output: said.output, errorText: String(decoding: said.errors, as: UTF8.self))
        } catch let error as SubprocessError {
            throw Failure(.commandFailed, "\(command) could not be run", cause: error)
        }
    }

    /// Spawns a process and waits for its end. The descriptors are closed here.
    private static func run(
        _ configuration: Configuration, _ child: RunningChild, _ input: FileDescriptor?, _ output: FileDescriptor,
        _ errors: FileDescriptor
    ) async throws -> CommandOutcome.Ending {
        let output = FileDescriptorOutput.fileDescriptor(output, closeAfterSpawningProcess: true)
        let errors = FileDescriptorOutput.fileDescriptor(errors, closeAfterSpawningProcess: true)
        let started = { @Sendable (pid: pid_t) in child.started(pid) }
        if let input {
            return CommandOutcome.Ending(
                try await Subprocess.run(
                    configuration, input: .fileDescriptor(input, closeAfterSpawningProcess: true), output: output,
                    error: errors
                ) { started($0.processIdentifier.value) }.terminationStatus)
        }
        return CommandOutcome.Ending(
            try await Subprocess.run(configuration, input: .none, output: output, error: errors) {
                started($0.processIdentifier.value)
            }.terminationStatus)
    }

    /// Two ends that no other child inherits.
    private struct Pipe {
        let reader: FileDescriptor
        let writer: FileDescriptor

        init() throws {
            let ends = try FileDescriptor.pipe(options: [.closeOnExec])
            (reader, writer) = (ends.readEnd, ends.writeEnd)
        }
    }

    static func notFound(_ program: String) -> Failure {
        Failure(
            .commandNotFound, "cannot find the program \"\(program)\"",
            hint: program == "zfs" || program == "zpool"
                ? "install ZFS: zfsutils-linux, or zfs-fuse where the kernel has none" : nil)
    }

    /// Gives up rights before another program takes its place (setpriv(1)). Between fork and exec that cannot be done: to change the
    /// user, the C library waits for all threads that are just being made, and in the child these never come to be.
    public static let setpriv = "setpriv"
    /// Gives another program limits before that takes its place (prlimit(1)).
    public static let prlimit = "prlimit"
    /// As the user and the group that nothing belongs to.
    private static let asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--"]

    private func configuration(of command: Command) throws -> Configuration {
        guard let path = ExecutableSearch.find(command.program) else { throw ProcessRunner.notFound(command.program) }
        var options = PlatformOptions()
        options.processGroupID = 0
        var (executable, arguments) = (path, command.arguments)
        func run(under program: String, _ words: [String]) throws {
            guard let found = ExecutableSearch.find(program) else { throw ProcessRunner.notFound(program) }
            (executable, arguments) = (found, words + [executable.string] + arguments)
        }
        if command.isUnprivileged, geteuid() == 0 { try run(under: ProcessRunner.setpriv, ProcessRunner.asNobody) }
        if let most = command.mostMemory {
            let seconds = command.limit.map { ["--cpu=\(max(1, $0.components.seconds))"] } ?? []
            try run(under: ProcessRunner.prlimit, ["--core=0", "--as=\(most)"] + seconds)
        }
        return Configuration(
            executable: .path(executable), arguments: Arguments(arguments),
            environment: command.isUnprivileged
                ? .custom(["LC_ALL": "C", "TZ": "UTC"])
                : .inherit.updating([
                    "LC_ALL": "C", "LANGUAGE": nil, "TZ": "UTC",
                    Environment.Key(stringLiteral: RunMark.variable):
                        command.holdsLocks ? RunMark.own.environmentValue : nil,
                ]), platformOptions: options)
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
