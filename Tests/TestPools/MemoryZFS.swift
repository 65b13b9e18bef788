import Failure
import Glibc
public import Host
public import Logging
import Synchronization
import SystemPackage
import TestClock
public import ZFS

/// A `zfs` whose pools are in memory: what is done to them by some commands is what others then tell.
///
/// It does what the manual pages say of those commands that the store uses, complains in the words of OpenZFS, and knows
/// `written@SNAPSHOT`; what it does not know is an error, never an empty answer.
public final class MemoryZFS: CommandRunner {
    /// The run was ended by a signal that nobody can catch: no command is begun any more.
    public struct Killed: Error {}

    private let memory: Mutex<MemoryPools>
    private let refusal = Mutex<String?>(nil)
    private let sync = Mutex(true)

    public init(pools: [String]) { memory = Mutex(MemoryPools(pools)) }

    /// No test waits for real.
    public var zfs: ZFS { ZFS(runner: self, log: MemoryZFS.silent, clock: SteppingClock()) }

    public static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// The names of all datasets and snapshots.
    public var names: Set<String> { memory.withLock { $0.names } }

    /// It has `zpool sync`.
    public var canSync: Bool {
        get { sync.withLock { $0 } }
        set { sync.withLock { $0 = newValue } }
    }

    /// Commands that changed something.
    public var changes: Int { memory.withLock { $0.changes } }

    /// Does something behind the store's back.
    public func edit<Value: Sendable>(_ work: (inout MemoryPools) throws -> Value) rethrows -> Value {
        try memory.withLock { try work(&$0) }
    }

    /// Kills the run before it changes something for so many more times; nil for a run that lives.
    public func kill(after changes: Int?) { memory.withLock { $0.left = changes } }

    /// From now on `zfs receive` ends before it has read anything, with these words.
    public func refuseStreams(_ words: String) {
        signal(SIGPIPE, SIG_IGN)
        refusal.withLock { $0 = words }
    }

    public func run(_ command: Command) async throws -> CommandOutcome { try outcome(of: command, reading: []) }

    public func feed<Value: Sendable>(
        _ command: Command, body: (ChildInput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        let (reader, input) = try ChildInput.makeStream()
        if let words = refusal.withLock({ $0 }) {
            try reader.close()
            defer { input.close() }
            let value: Result<Value, any Error>
            do { value = .success(try await body(input)) } catch { value = .failure(error) }
            return (CommandOutcome(ending: .exited(1), errorText: words + "\n"), value)
        }
        // Streams of tests are shorter than the buffer between the two.
        let value: Result<Value, any Error>
        do { value = .success(try await body(input)) } catch { value = .failure(error) }
        input.close()
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = try unsafe chunk.withUnsafeMutableBytes({ try unsafe reader.read(into: $0) }), count > 0
        {
            bytes += chunk[..<count]
        }
        try reader.close()
        if case .failure = value { bytes = [] }
        return (try outcome(of: command, reading: bytes), value)
    }

    public func drain<Value: Sendable>(
        _ command: Command, body: (ChildOutput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        throw Failure(.internalError, "\(command) is not known here")
    }

    private func outcome(of command: Command, reading input: [UInt8]) throws -> CommandOutcome {
        if command.program == "zpool" { return CommandOutcome(ending: .exited(canSync ? 0 : 2)) }
        return try memory.withLock { pools in
            do throws(MemoryPools.Complaint) {
                let text = try pools.apply(command.arguments, reading: input)
                return CommandOutcome(ending: .exited(0), output: Array(text.utf8))
            } catch {
                if error.text.isEmpty { throw Killed() }
                return CommandOutcome(
                    ending: .exited(error.status), output: Array(error.output.utf8), errorText: error.text + "\n")
            }
        }
    }
}
