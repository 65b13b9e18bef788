public import Failure
public import SystemPackage

/// A program of the host and its arguments. There is never a shell between.
public struct Command: Sendable, CustomStringConvertible {
    public let program: String
    public let arguments: [String]
    /// How long it may take; then it is killed. Nil for programs that must never be: those that change datasets.
    public let limit: Duration?
    /// The most bytes it may print on standard output, and as many on standard error; one that prints more is killed. Nil as
    /// for `limit`.
    public let mostOutput: Int?
    /// What it reads, for `drain`; it is closed there. Nil for nothing.
    public var input: FileDescriptor?
    /// It is run as nobody, if we are root, and without our environment: what it works on may be made to fool it. It changes
    /// nothing, and is killed when nobody wants to read on what it writes (`drain`).
    public var isUnprivileged = false
    /// The most bytes of address space that it gets (prlimit(1)), so that what it works on cannot take the memory of all; it
    /// gets as many seconds of processors as it has time, too. Nil for as much as we have.
    public var mostMemory: Int?
    /// The locks of this run count as held until the command has ended, even if the run is killed. Only for programs that start
    /// none that stay.
    public let holdsLocks: Bool

    public init(
        _ program: String, _ arguments: [String], limit: Duration? = nil, mostOutput: Int? = nil,
        holdsLocks: Bool = false
    ) {
        self.program = program
        self.arguments = arguments
        self.limit = limit
        self.mostOutput = mostOutput
        self.holdsLocks = holdsLocks
    }

    /// The command as somebody would type it, cut where it is very long.
    public var description: String {
        let words = [program] + arguments
        let shown = words.prefix(12).map { word in
            word.allSatisfy { $0.isLetter || $0.isNumber || "-_./@:,=%+".contains($0) } && !word.isEmpty
                ? word : "'\(word)'"
        }
        return shown.joined(separator: " ") + (words.count > 12 ? " … (\(words.count) words)" : "")
    }
}

/// How a command ended and what it wrote.
public struct CommandOutcome: Sendable {
    public enum Ending: Sendable, Hashable, CustomStringConvertible {
        case exited(Int32)
        case signaled(Int32)

        public var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .signaled(let number): "killed by signal \(number)"
            }
        }
    }
    public let ending: Ending
    public let output: [UInt8]
    public let errorText: String

    public init(ending: Ending, output: [UInt8] = [], errorText: String = "") {
        self.ending = ending
        self.output = output
        self.errorText = errorText
    }

    public var succeeded: Bool { ending == .exited(0) }

    /// The lines of the output, each without its newline.
    public var lines: [Substring] {
        // By bytes: to a string, CR and LF are one character.
        output.split(separator: UInt8(ascii: "\n")).map { Substring(decoding: $0, as: UTF8.self) }
    }
}

extension Command {
    /// What to throw for an outcome that is no success: the command, how it ended, and what it said.
    public func failure(_ outcome: CommandOutcome, _ code: Failure.Code = .commandFailed) -> Failure {
        let said = outcome.errorText.split(separator: "\n").joined(separator: "; ")
        return Failure(code, "\(self) failed (\(outcome.ending))\(said.isEmpty ? "" : ": \(said)")")
    }
}

/// How processes are spawned: a seam for tests.
public protocol CommandRunner: Sendable {
    /// Runs a command to its end, without input.
    ///
    /// - Throws: `CommandNotFound`; `CancellationError`, if the task was cancelled before the command began.
    func run(_ command: Command) async throws -> CommandOutcome

    /// Runs a command while `body` reads its standard output. One that `body` does not read to its end ends as any command
    /// does whose output nobody wants.
    ///
    /// The reads block: call it on a `DedicatedThread`.
    /// - Returns: how the command ended, and how `body` did.
    func drain<Value: Sendable>(
        _ command: Command, body: (ChildOutput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>)

    /// Runs a command while `body` writes its standard input; the input is closed when `body` returns or throws.
    ///
    /// The writes block: call it on a `DedicatedThread`, so that they hold up none of the threads that start the command and
    /// read what it says.
    ///
    /// A command that stops reading makes the writes of `body` throw `ChildInput.Closed`. The command is never
    /// killed: it sees the end of its input and ends itself, so that it can put its own house in order.
    /// - Returns: how the command ended, and how `body` did.
    func feed<Value: Sendable>(
        _ command: Command, body: (ChildInput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>)
}
