import Failure
import Host
import Synchronization

/// A host whose `zoneadm` answers as a test wants; what it was called with is remembered.
final class FakeZones: CommandRunner {
    private let outcome: CommandOutcome
    private let memory = Mutex<[[String]]>([])

    init(_ outcome: CommandOutcome) { self.outcome = outcome }

    /// The words of each command.
    var calls: [[String]] { memory.withLock { $0 } }

    func run(_ command: Command) async throws -> CommandOutcome {
        memory.withLock { $0.append([command.program] + command.arguments) }
        return outcome
    }

    func feed<Value: Sendable>(
        _ command: Command, body: (ChildInput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        throw Failure(.internalError, "the list of zones takes no input")
    }

    func drain<Value: Sendable>(
        _ command: Command, body: (ChildOutput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        throw Failure(.internalError, "the list of zones comes in one piece")
    }
}
