import Failure
import Glibc
import Synchronization
import SystemPackage

@testable import Host

/// A host whose credential helpers answer as a test wants; what they were asked is remembered.
final class FakeHelpers: CommandRunner {
    private let answer: @Sendable (Int) throws -> CommandOutcome
    private let reads: Bool
    private let memory = Mutex<[[String]]>([])

    /// - Parameters:
    ///   - reads: a helper reads its input; else it closes it at once.
    ///   - answer: takes how many questions came before.
    init(reads: Bool = true, answer: @escaping @Sendable (Int) throws -> CommandOutcome) {
        self.reads = reads
        self.answer = answer
        // As the program does at its start: a write to a closed pipe is an error, no signal.
        signal(SIGPIPE, SIG_IGN)
    }

    /// - Parameter outcomes: those of the first question, the second and so on; where there is none, the helper fails.
    convenience init(_ outcomes: CommandOutcome..., reads: Bool = true) {
        self.init(reads: reads) { number in
            number < outcomes.count ? outcomes[number] : CommandOutcome(ending: .exited(99))
        }
    }

    /// The words of each command, and behind them what it read.
    var asked: [[String]] { memory.withLock { $0 } }

    func run(_ command: Command) async throws -> CommandOutcome {
        throw Failure(.internalError, "a helper is asked through its input")
    }

    func feed<Value: Sendable>(
        _ command: Command, body: (ChildInput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        let outcome = try answer(asked.count)
        let (reader, input) = try ChildInput.makeStream()
        if !reads { try reader.close() }
        let value: Result<Value, any Error>
        do {
            value = .success(try await body(input))
        } catch {
            value = .failure(error)
        }
        input.close()
        let text = try reads ? FakeHelpers.readAll(reader) : ""
        memory.withLock { $0.append([command.program] + command.arguments + [text]) }
        return (outcome, value)
    }

    func drain<Value: Sendable>(
        _ command: Command, body: (ChildOutput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        throw Failure(.internalError, "a helper answers in one piece")
    }

    private static func readAll(_ stream: FileDescriptor) throws -> String {
        defer { try? stream.close() }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe stream.read(into: $0) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}

extension CommandOutcome {
    static func prints(_ text: String, status: Int32 = 0, complaint: String = "") -> CommandOutcome {
        CommandOutcome(ending: .exited(status), output: Array(text.utf8), errorText: complaint)
    }

    /// A helper that knows somebody.
    static func knows(_ user: String, _ secret: String) -> CommandOutcome {
        prints("{\"ServerURL\":\"x\",\"Username\":\"\(user)\",\"Secret\":\"\(secret)\"}\n")
    }

    /// A helper that knows nobody, as all of them say it.
    static var knowsNobody: CommandOutcome { prints("credentials not found in native keychain\n", status: 1) }
}
