import Failure
import Host
import Synchronization

/// A host whose `zoneadm`, or `vmadm`, answers as a test wants; what it was called with is remembered.
final class FakeZones: CommandRunner {
    private let answer: @Sendable (Command) -> CommandOutcome
    private let memory = Mutex<[[String]]>([])

    init(_ outcome: CommandOutcome) { answer = { _ in outcome } }

    /// - Parameter answer: what comes of a command.
    init(answering answer: @escaping @Sendable (Command) -> CommandOutcome) { self.answer = answer }

    /// The words of each command.
    var calls: [[String]] { memory.withLock { $0 } }

    func run(_ command: Command) async throws -> CommandOutcome {
        memory.withLock { $0.append([command.program] + command.arguments) }
        return answer(command)
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
