import Failure
import Glibc
import Host
import Logging
import Synchronization
import SystemPackage
import TestHost
import Testing

/// Commands that are fed.
@Suite(.timeLimit(.minutes(20))) struct ChildInputTests {
    private let runner = ProcessRunner(log: .quiet)

    init() { signal(SIGPIPE, SIG_IGN) }

    private func feed<Value: Sendable>(
        _ command: Command, body: @Sendable (ChildInput) async throws -> Value
    ) async throws -> (outcome: CommandOutcome, body: Result<Value, any Error>) {
        try await withTaskExecutorPreference(DedicatedThread("feed")) { try await runner.feed(command, body: body) }
    }

    @Test func whatIsWrittenArrives() async throws {
        let piece = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let (outcome, body) = try await feed(Command("cat", [])) { input in
            for _ in 0..<50 { try input.write(piece) }
            return "fed"
        }
        #expect(outcome.succeeded && outcome.output == Array(repeatElement(piece, count: 50).joined()))
        #expect(try body.get() == "fed")
    }

    @Test func muchMoreThanAPipeHolds() async throws {
        let megabyte = [UInt8](repeating: 0x61, count: 1 << 20)
        let (outcome, body) = try await feed(Command("wc", ["-c"])) { input in
            for _ in 0..<200 { try input.write(megabyte) }
        }
        #expect(outcome.lines == ["\(200 << 20)"])
        #expect(throws: Never.self) { try body.get() }
    }

    @Test func nothingAtAllIsAnEmptyInput() async throws {
        let (outcome, _) = try await feed(Command("wc", ["-c"])) { _ in }
        #expect(outcome.lines == ["0"])
        let (empty, _) = try await feed(Command("wc", ["-c"])) { try $0.write([]) }
        #expect(empty.lines == ["0"])
    }

    /// Which reads a little, complains and leaves, as `zfs receive` does.
    @Test func aCommandThatStopsReadingClosesTheInput() async throws {
        let command = Command("sh", ["-c", "head -c 10 >/dev/null; echo 'cannot receive' >&2; exit 7"])
        let (outcome, body) = try await feed(command) { input in
            while true { try input.write([UInt8](repeating: 0, count: 65_536)) }
        }
        #expect(outcome.ending == .exited(7) && outcome.errorText == "cannot receive\n")
        #expect(throws: ChildInput.Closed.self) { try body.get() }
    }

    @Test func aCommandThatReadsNothingAndSucceeds() async throws {
        let (outcome, body) = try await feed(Command("true", [])) { input in
            while true { try input.write([UInt8](repeating: 0, count: 4 << 20)) }
        }
        #expect(outcome.succeeded)
        #expect(throws: ChildInput.Closed.self) { try body.get() }
    }

    @Test func anErrorOfTheFeederEndsTheInput() async throws {
        struct Damaged: Error {}
        let (outcome, body) = try await feed(Command("wc", ["-c"])) { input in
            try input.write([1, 2, 3])
            throw Damaged()
        }
        #expect(outcome.lines == ["3"])
        #expect(throws: Damaged.self) { try body.get() }
    }

    /// A child that does not read cannot hold us: the write looks up when the task is cancelled.
    @Test func aWriteThatWaitsCanBeCancelled() async throws {
        let hasBegun = Mutex(false)
        let folder = TemporaryFolder()
        let end = folder.path.appending("end")
        let task = Task {
            try await feed(Command("sh", ["-c", "until [ -e '\(end)' ]; do sleep 0.05; done; exit 5"])) { input in
                hasBegun.withLock { $0 = true }
                do {
                    while true { try input.write([UInt8](repeating: 0, count: 4 << 20)) }
                } catch {
                    try HostFile.write([], to: end)
                    throw error
                }
            }
        }
        while !hasBegun.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(20)) }
        task.cancel()
        let (outcome, body) = try await task.value
        #expect(outcome.ending == .exited(5))
        #expect(throws: CancellationError.self) { try body.get() }
    }

    /// The file is there and may be run, but is nothing that the system can run.
    @Test func aCommandThatCannotBeStartedIsAnError() async throws {
        let folder = TemporaryFolder()
        let path = folder.path.appending("program")
        try HostFile.write([1, 2, 3], to: path, mode: [.ownerReadWriteExecute])
        let failure = await #expect(throws: Failure.self) {
            try await feed(Command(path.string, [])) { try $0.write([UInt8](repeating: 0, count: 4 << 20)) }
        }
        #expect(failure?.code == .commandFailed && failure?.description.contains(path.string) == true)
        let other = await #expect(throws: Failure.self) { try await runner.run(Command(path.string, [])) }
        #expect(other?.code == .commandFailed)
    }

    @Test func manyAtATime() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    let bytes = [UInt8](repeating: UInt8(number), count: 100_000)
                    return try await feed(Command("cat", [])) { try $0.write(bytes) }.outcome.output == bytes
                }
            }
            for try await same in group { #expect(same) }
        }
    }
}
