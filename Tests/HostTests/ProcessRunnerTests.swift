import Failure
import Glibc
import Logging
import SystemPackage
import TestHost
import Testing

@testable import Host

@Suite(.timeLimit(.minutes(20))) struct ProcessRunnerTests {
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

    @Test func zfsThatIsNotThereComesWithAdvice() {
        #expect(ProcessRunner.notFound("zpool").hint?.contains("zfs") == true)
        #expect(ProcessRunner.notFound("zfs").hint?.contains("zfs") == true)
        #expect(ProcessRunner.notFound("cat").hint == nil)
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

    /// What a program has left running holds its output open for good.
    @Test func whatAProgramLeavesBehindIsNotWaitedFor() async throws {
        let outcome = try await runner.run(shell("sleep 3600 & echo said; echo complained >&2; echo $! >&2"))
        #expect(outcome.lines == ["said"] && outcome.errorText.hasPrefix("complained\n"))
        let left = try #require(outcome.errorText.split(separator: "\n").last.flatMap { pid_t($0) })
        #expect(kill(left, SIGKILL) == 0, "it was still there")
    }

    /// The program and what it has started are ended, however they are run.
    @Test(arguments: ["sleep 600", "sleep 600 & sleep 600", "trap '' TERM; sleep 600 & wait"])
    func whatTakesTooLongIsKilledWithItsGroup(script: String) async throws {
        let mark = folder.path.appending("group")
        let command = Command("sh", ["-c", "echo $$ > '\(mark)'; \(script)"], limit: .seconds(3))
        for run in [
            { @Sendable in try await runner.run(command) },
            { @Sendable in try await runner.feed(command) { _ in }.outcome },
        ] {
            let failure = await #expect(throws: Failure.self) { try await run() }
            #expect(failure?.description.contains("did not end within 3 s") == true)
            let group = try #require(
                try HostFile.read(mark).flatMap { pid_t(String(decoding: $0.dropLast(), as: UTF8.self)) })
            while try Self.lives(group) { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    /// A process of the group is at work. Zombies are not, which not every init collects.
    private static func lives(_ group: pid_t) throws -> Bool {
        try HostFile.names(in: "/proc").contains { name in
            // proc(5), "stat": the state is the first word behind the name in parentheses, the group the third.
            guard pid_t(name) != nil, let stat = (try? HostFile.read(FilePath("/proc/\(name)/stat"))) ?? nil else {
                return false
            }
            let words = String(decoding: stat, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
            return words.count > 2 && words[0] != "Z" && words[2] == "\(group)"
        }
    }

    @Test func endlessOutputEnds() async throws {
        let endless = Command("yes", [], limit: .seconds(600), mostOutput: 1 << 20)
        let failure = await #expect(throws: Failure.self) { try await runner.run(endless) }
        #expect(failure?.description.contains("wrote more than 1048576 bytes") == true)
        let long = Command("head", ["-c", "3000000", "/dev/zero"], mostOutput: 1 << 20)
        let other = await #expect(throws: Failure.self) { try await runner.run(long) }
        #expect(other?.description.contains("wrote more than") == true)
        let loud = Command("sh", ["-c", "yes wrong | head -c 20000000 >&2; exit 3"])
        let outcome = try await runner.run(loud)
        #expect(outcome.ending == .exited(3) && outcome.errorText.utf8.count == 4 << 20)
    }

    /// Nothing of us: no ignored or blocked signal, no open file, and always the same language and time zone.
    @Test func whatAChildInherits() async throws {
        let inherited = try FileDescriptor.open(FilePath("/dev/null"), .readOnly)
        defer { try? inherited.close() }
        let outcome = try await runner.run(
            shell("grep -E '^Sig(Ign|Blk)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '; echo; echo $TZ $LC_ALL"))
        let lines = outcome.lines
        #expect(lines.count == 4)
        #expect(lines.first == "SigBlk:\t0000000000000000", "\(lines)")
        // SIGPIPE is ignored by these tests alone: the program has a handler, which no child inherits. 32 and 33 are the C
        // library's own.
        let ignored = try #require(lines.dropFirst().first.flatMap { UInt64($0.suffix(16), radix: 16) })
        #expect(ignored & ~(0x1000 | 0x1_8000_0000) == 0, "\(lines)")
        // The fourth is the folder that ls reads.
        #expect(lines[2].split(separator: " ").count <= 4 && lines.last == "UTC C", "\(lines)")
    }

    /// A child in which the C library changes the user hangs if a thread was just being made when it was forked.
    @Test(.enabled(if: geteuid() == 0))
    func aProgramWithoutRightsIsNobodysWhileThreadsComeAndGo() async throws {
        var command = shell("id -u; id -g; id -G; grep NoNewPrivs /proc/self/status")
        command.isUnprivileged = true
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    await withTaskExecutorPreference(DedicatedThread("brief")) { await Task.yield() }
                    // Others need the processors, too.
                    try? await Task.sleep(for: .microseconds(500))  // reason: it only ends when it is cancelled
                }
            }
            for _ in 0..<40 {
                let outcome = try await runner.run(command)
                #expect(outcome.lines == ["65534", "65534", "65534", "NoNewPrivs:\t1"], "\(outcome)")
            }
            group.cancelAll()
        }
    }

    /// What it works on may make it do anything: it learns nothing of us, and takes no more than it is given.
    @Test func aProgramWithoutRightsHasNeitherOurEnvironmentNorAllMemory() async throws {
        var command = Command("/usr/bin/env", [])
        command.isUnprivileged = true
        #expect(try await runner.run(command).lines.sorted() == ["LC_ALL=C", "TZ=UTC"])
        command = Command("sh", ["-c", "ulimit -v; ulimit -t; ulimit -c"], limit: .seconds(600))
        command.isUnprivileged = true
        command.mostMemory = 1 << 30
        #expect(try await runner.run(command).lines == ["1048576", "600", "0"])
        command = Command("python3", ["-c", "x = bytes(2 << 30)"])
        command.mostMemory = 1 << 30
        #expect(try await runner.run(command).ending == .exited(1))
    }

    /// One that computes for hours and writes nothing does not notice that nobody reads.
    @Test(.timeLimit(.minutes(5))) func aProgramWithoutRightsEndsWithItsReader() async throws {
        var command = Command("sh", ["-c", "echo begun; while :; do :; done"], limit: .seconds(6 * 3600))
        command.isUnprivileged = true
        let (runner, spinning) = (runner, command)
        let (begins, tell) = AsyncStream.makeStream(of: Void.self)
        let task = Task(executorPreference: DedicatedThread("reader")) {
            try await runner.drain(spinning) { output in
                _ = try output.read(6)
                tell.yield()
                return try output.read(1)
            }
        }
        for await _ in begins { break }
        task.cancel()
        let (outcome, read) = try await task.value
        #expect(outcome.ending == .signaled(SIGKILL))
        #expect(throws: CancellationError.self) { try read.get() }
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
