import Failure
import Glibc
import Host
import Logging
import SystemPackage
import TestHost
import Testing

@Suite(.timeLimit(.minutes(2))) struct ProcessRunnerTests {
    private let runner = ProcessRunner(log: .quiet)
    private let folder = TemporaryFolder()

    /// As the program does at its start: a write to a closed pipe is an error, no signal.
    init() { signal(SIGPIPE, SIG_IGN) }

    private func shell(_ script: String) -> Command { Command("sh", ["-c", script]) }

    @Test(arguments: [0, 1, 2, 127, 255])
    func theStatusIsTold(status: Int32) async throws {
        let outcome = try await runner.run(shell("exit \(status)"))
        #expect(outcome.ending == .exited(status) && outcome.succeeded == (status == 0))
    }

    @Test func aSignalIsTold() async throws {
        #expect(try await runner.run(shell("kill -KILL $$")).ending == .signaled(SIGKILL))
    }

    @Test func outputAndErrorsAreKeptApart() async throws {
        let outcome = try await runner.run(shell("echo one; echo wrong >&2; echo two; echo worse >&2"))
        #expect(outcome.lines == ["one", "two"] && outcome.errorText == "wrong\nworse\n")
    }

    /// More than a pipe holds, on both at once.
    @Test func muchOutputIsReadWhole() async throws {
        let outcome = try await runner.run(
            shell("head -c 3000000 /dev/zero & head -c 2000000 /dev/zero | tr '\\0' x >&2; wait"))
        #expect(outcome.output.count == 3_000_000 && outcome.errorText.utf8.count == 2_000_000)
    }

    @Test func anyBytesAreOutput() async throws {
        let outcome = try await runner.run(shell(#"printf '\377\0\n\200'; printf '\377' >&2"#))
        #expect(outcome.output == [0xff, 0, 10, 0x80] && outcome.errorText == "\u{fffd}")
    }

    @Test func argumentsReachNoShell() async throws {
        let words = ["$(echo no)", "a b", "*", "'\"", "", "; exit 3", "ü\n"]
        let outcome = try await runner.run(Command("printf", ["%s|"] + words))
        #expect(String(decoding: outcome.output, as: UTF8.self) == words.map { $0 + "|" }.joined())
    }

    @Test func thereIsNoInput() async throws {
        #expect(try await runner.run(Command("cat", [])).output == [])
    }

    @Test func messagesAreInEnglish() async throws {
        #expect(try await runner.run(shell("echo $LC_ALL")).lines == ["C"])
    }

    /// A Ctrl-C at the terminal goes to the group in front: not to the child's.
    @Test func aChildHasAProcessGroupOfItsOwn() async throws {
        let outcome = try await runner.run(shell("ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat"))
        let group = Int32(String(decoding: outcome.output, as: UTF8.self).filter(\.isNumber))
        #expect(group != nil && group != getpgrp())
    }

    @Test(arguments: ["no-such-program-anywhere", "/no/such/program", "/etc/passwd", "/etc"])
    func aProgramThatIsNotThereIsSaidSo(program: String) async throws {
        let failure = await #expect(throws: Failure.self) { try await runner.run(Command(program, [])) }
        #expect(failure?.code == .commandNotFound && failure?.description.contains(program) == true)
        let other = await #expect(throws: Failure.self) { try await runner.feed(Command(program, [])) { _ in } }
        #expect(other?.code == .commandNotFound)
    }

    @Test func zfsThatIsNotThereComesWithAdvice() async throws {
        guard ExecutableSearch.find("zpool") == nil else { return }
        let failure = await #expect(throws: Failure.self) { try await runner.run(Command("zpool", [])) }
        #expect(failure?.hint?.contains("zfs") == true)
    }

    @Test func aCancelledTaskStartsNothing() async throws {
        let mark = folder.path.appending("mark")
        let runner = runner
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await runner.run(Command("touch", [mark.string]))
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try !HostFile.exists(mark))
    }

    /// A command that has begun is not killed, and what it did is known.
    @Test func aCommandThatHasBegunIsWaitedFor() async throws {
        let mark = folder.path.appending("mark")
        let runner = runner
        let task = Task {
            try await runner.run(Command("sh", ["-c", "touch '\(mark)'; sleep 0.3; echo done"]))
        }
        while try !HostFile.exists(mark) { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        #expect(try await task.value.lines == ["done"])
    }

    @Test func aFailureNamesCommandStatusAndComplaint() async throws {
        let command = Command("sh", ["-c", "echo 'it broke' >&2; exit 4"])
        let failure = try await command.failure(runner.run(command))
        #expect(failure.code == .commandFailed)
        #expect(failure.description == "sh -c 'echo 'it broke' >&2; exit 4' failed (exit status 4): it broke")
    }

    @Test func aLongCommandIsShownCut() {
        let command = Command("zfs", ["list"] + (0..<100).map { "p/\($0)@a b" })
        #expect(
            command.description == "zfs list " + (0..<10).map { "'p/\($0)@a b'" }.joined(separator: " ")
                + " … (102 words)")
        #expect(Command("true", [""]).description == "true ''")
    }
}

extension ChildInput {
    func write(_ bytes: [UInt8]) throws { try unsafe write(bytes.span.bytes) }
}
