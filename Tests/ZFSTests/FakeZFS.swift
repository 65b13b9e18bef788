import Failure
import Glibc
import Logging
import Synchronization
import SystemPackage
import TestClock
import Testing
import Time
import ZFS

@testable import Host

/// A host without pools: its `zfs` answers as a test wants, and what it was called with is remembered.
final class FakeZFS: CommandRunner {
    private struct Memory {
        var calls: [[String]] = []
        var input: [UInt8] = []
    }

    private let answer: @Sendable (Command, Int) throws -> CommandOutcome
    private let reads: Bool
    private let memory = Mutex(Memory())

    /// - Parameters:
    ///   - reads: a command that is fed reads its input; else it closes it at once.
    ///   - answer: takes the command and how many came before it.
    init(reads: Bool = true, answer: @escaping @Sendable (Command, Int) throws -> CommandOutcome) {
        self.reads = reads
        self.answer = answer
        // As the program does at its start: a write to a closed pipe is an error, no signal.
        signal(SIGPIPE, SIG_IGN)
    }

    /// - Parameter outcomes: those of the first command, the second and so on; the last one is that of all the others.
    convenience init(_ outcomes: CommandOutcome..., reads: Bool = true) {
        self.init(reads: reads) { _, number in outcomes[min(number, outcomes.count - 1)] }
    }

    /// No test waits for real.
    var zfs: ZFS { zfs(by: SteppingClock()) }

    func zfs(by clock: any Timekeeper) -> ZFS {
        ZFS(runner: self, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
    }

    /// The words of each command.
    var calls: [[String]] { memory.withLock { $0.calls } }
    /// What commands read.
    var input: [UInt8] { memory.withLock { $0.input } }

    func run(_ command: Command) async throws -> CommandOutcome { try outcome(of: command) }

    func feed<Value: Sendable>(
        _ command: Command, body: (ChildInput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        let outcome = try outcome(of: command)
        let (reader, input) = try ChildInput.makeStream()
        if !reads { try reader.close() }
        let value: Result<Value, any Error>
        do {
            value = .success(try await body(input))
        } catch {
            value = .failure(error)
        }
        input.close()
        if reads {
            let bytes = try FakeZFS.readAll(reader)
            memory.withLock { $0.input += bytes }
        }
        return (outcome, value)
    }

    func drain<Value: Sendable>(
        _ command: Command, body: (ChildOutput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        throw Failure(.internalError, "no test reads a stream")
    }

    private func outcome(of command: Command) throws -> CommandOutcome {
        let number = memory.withLock { memory in
            memory.calls.append([command.program] + command.arguments)
            return memory.calls.count - 1
        }
        return try answer(command, number)
    }

    private static func readAll(_ stream: FileDescriptor) throws -> [UInt8] {
        defer { try? stream.close() }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe stream.read(into: $0) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}

extension CommandOutcome {
    static func prints(_ text: String) -> CommandOutcome {
        CommandOutcome(ending: .exited(0), output: Array(text.utf8))
    }

    static func fails(_ complaint: String, status: Int32 = 1, output: String = "") -> CommandOutcome {
        CommandOutcome(ending: .exited(status), output: Array(output.utf8), errorText: complaint)
    }
}

extension ChildInput {
    func write(_ bytes: [UInt8]) throws { try unsafe write(bytes.span.bytes) }
}

// Names that a test needs and that are good.
func pool(_ text: String) throws -> PoolName { try #require(PoolName(text)) }
func dataset(_ text: String) throws -> DatasetName { try #require(DatasetName(text)) }
func snapshot(_ text: String) throws -> SnapshotName { try #require(SnapshotName(text)) }
