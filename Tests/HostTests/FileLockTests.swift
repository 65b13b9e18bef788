import Failure
import Glibc
import Logging
import Synchronization
import SystemPackage
import TestHost
import Testing
import Time

@testable import Host

@Suite struct FileLockTests {
    private let folder = TemporaryFolder()
    private var path: FilePath { folder.path.appending("run/image.lock") }

    @Test func oneHolderAtATime() throws {
        let lock = try #require(try FileLock.tryTaking(path))
        #expect(try FileLock.tryTaking(path) == nil)
        #expect(try lock.path == path && HostFile.exists(path))
        lock.release()
        #expect(try !HostFile.exists(path))
        try #require(try FileLock.tryTaking(path)).release()
    }

    @Test func locksOfOtherFilesAreFree() throws {
        let first = try #require(try FileLock.tryTaking(path))
        let second = try #require(try FileLock.tryTaking(folder.path.appending("run/other.lock")))
        first.release()
        second.release()
    }

    @Test func aFileThatADeadProcessLeftIsNoLock() throws {
        try HostFile.write(Array("12345".utf8), to: path)
        try #require(try FileLock.tryTaking(path)).release()
        #expect(try !HostFile.exists(path))
    }

    @Test func sweepingTakesWhatIsStaleAndLeavesWhatIsHeld() async throws {
        FileLock.sweep(path)
        // Whoever has made it is about to lock it.
        try HostFile.write([], to: path)
        FileLock.sweep(path)
        #expect(try HostFile.exists(path))
        try await Tool.shell("touch -d '2 minutes ago' '\(path)'")
        FileLock.sweep(path)
        #expect(try !HostFile.exists(path))
        let lock = try #require(try FileLock.tryTaking(path))
        FileLock.sweep(path)
        #expect(try HostFile.exists(path) && FileLock.tryTaking(path) == nil)
        lock.release()
    }

    /// The lock of another process, which is then killed.
    @Test func aLockDiesWithItsHolder() async throws {
        try HostFile.write([], to: path)
        let held = folder.path.appending("held")
        let script = "exec 9< '\(path)'; flock -x 9 || exit 1; touch '\(held)'; exec sleep 600 9<&9"
        let holder = Task {
            try await ProcessRunner(log: .quiet).run(Command("sh", ["-c", "echo $$ > '\(held).pid'; \(script)"]))
        }
        while try !HostFile.exists(held) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try FileLock.tryTaking(path) == nil)
        let pid = try #require(
            try HostFile.read(FilePath("\(held).pid")).flatMap { Int32(String(decoding: $0.dropLast(), as: UTF8.self)) }
        )
        #expect(kill(pid, SIGKILL) == 0)
        #expect(try await holder.value.ending == .signaled(SIGKILL))
        try #require(try FileLock.tryTaking(path)).release()
    }

    /// Another process that has the lock until a file is there, in the name of one that is written down in the lock's file.
    private func held(until end: FilePath, by pid: String) async throws -> Task<Void, any Error> {
        try HostFile.write(Array("\(pid)\n".utf8), to: path)
        let held = folder.path.appending("held")
        let wait = "until test -e '\(end)' || ! test -d '\(folder.path)'; do sleep 0.05; done"
        let script = "exec 9< '\(path)'; flock -x 9 || exit 1; touch '\(held)'; \(wait)"
        let holder = Task { _ = try await ProcessRunner(log: .quiet).run(Command("sh", ["-c", script])) }
        while try !HostFile.exists(held) { try await Task.sleep(for: .milliseconds(5)) }
        return holder
    }

    @Test func aLockThatADeadProcessStillHasIsWaitedFor() async throws {
        let dead = try await ProcessRunner(log: .quiet).run(Command("sh", ["-c", "echo $$"]))
        let end = folder.path.appending("end")
        let holder = try await held(until: end, by: dead.lines.first.map { String($0) } ?? "")
        #expect(try FileLock.tryTaking(path) == nil)
        // It has gone by the second look.
        let clock = ActingClock {
            try HostFile.write([], to: end)
            try await holder.value
        }
        try #require(try await FileLock.takingFromTheDying(path, by: clock)).release()
    }

    @Test func aLockOfALivingProcessIsNotWaitedFor() async throws {
        let end = folder.path.appending("end")
        let holder = try await held(until: end, by: "\(getpid())")
        #expect(try await FileLock.takingFromTheDying(path) == nil)
        #expect(try FileLock.tryTaking(path) == nil)
        try HostFile.write([], to: end)
        try await holder.value
    }

    /// A command that outlives the run that began it, in whose name the lock's file is.
    @Test func aLockIsHeldAsLongAsTheDeadHoldersCommandsAreAtWork() async throws {
        let dead = try await ProcessRunner(log: .quiet).run(Command("sh", ["-c", "echo $$"]))
        let mark = Self.mark()
        try HostFile.write(dead.output + Array("\(mark)\n".utf8), to: path)
        let (begun, end) = (folder.path.appending("begun"), folder.path.appending("end"))
        let script = "touch '\(begun)'; until test -e '\(end)' || ! test -d '\(folder.path)'; do sleep 0.05; done"
        let command = Task {
            _ = try await ProcessRunner(log: .quiet).run(Command("env", ["IMGADM_RUN=\(mark)", "sh", "-c", script]))
        }
        while try !HostFile.exists(begun) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try FileLock.tryTaking(path) == nil)
        let holders = try FileLock.holders(of: path)
        #expect(holders.contains { $0.command == "sh -c" }, "\(holders)")
        FileLock.sweep(path)
        #expect(try HostFile.exists(path))
        // It has gone by the second look.
        let clock = ActingClock {
            try HostFile.write([], to: end)
            try await command.value
        }
        try #require(try await FileLock.takingFromTheDying(path, by: clock)).release()
    }

    /// All tests see each other's commands.
    private static func mark() -> String { String(UInt64.random(in: 1 << 32..<1 << 56), radix: 16) }

    /// Commands of other runs, and those that say nothing of a run, hold nobody's locks.
    @Test(arguments: ["another", "none", "a longer one", "a path"]) func othersCommandsHoldNothing(
        what: String
    ) async throws {
        let own = Self.mark()
        let mark =
            switch what {
            case "another": Self.mark()
            case "a longer one": own + "0"
            case "a path": "../x"
            default: ""
            }
        try HostFile.write(Array("1\n\(own)\n".utf8), to: path)
        let (begun, end) = (folder.path.appending("begun"), folder.path.appending("end"))
        let script = "touch '\(begun)'; until test -e '\(end)' || ! test -d '\(folder.path)'; do sleep 0.05; done"
        let command = Task {
            _ = try await ProcessRunner(log: .quiet).run(Command("env", ["IMGADM_RUN=\(mark)", "sh", "-c", script]))
        }
        while try !HostFile.exists(begun) { try await Task.sleep(for: .milliseconds(5)) }
        try #require(try FileLock.tryTaking(path)).release()
        try HostFile.write([], to: end)
        try await command.value
    }

    /// What another user has for an environment is not read: it may keep its reader waiting, and says nothing.
    @Test(.enabled(if: geteuid() == 0)) func anotherUsersCommandsHoldNothing() async throws {
        let own = Self.mark()
        try HostFile.write(Array("1\n\(own)\n".utf8), to: path)
        let (begun, end) = (folder.path.appending("begun"), folder.path.appending("end"))
        try await Tool.run("chmod", "777", folder.path.string)
        let script = "touch '\(begun)'; until test -e '\(end)' || ! test -d '\(folder.path)'; do sleep 0.05; done"
        let command = Task {
            let words = ["--reuid=65534", "--clear-groups", "env", "IMGADM_RUN=\(own)", "sh", "-c", script]
            _ = try await ProcessRunner(log: .quiet).run(Command("setpriv", words))
        }
        while try !HostFile.exists(begun) { try await Task.sleep(for: .milliseconds(5)) }
        try #require(try FileLock.tryTaking(path)).release()
        try HostFile.write([], to: end)
        try await command.value
    }

    /// Whoever cannot be looked at keeps nobody from a lock that is free by now.
    @Test func aLookThatDoesNotEndIsLeft() async throws {
        let never = try FileDescriptor.pipe()
        defer { try? never.writeEnd.close() }
        let wait = LockWait(for: "x", limit: .seconds(3600)) {
            var byte = [UInt8](repeating: 0, count: 1)
            _ = try unsafe byte.withUnsafeMutableBytes { try unsafe never.readEnd.read(into: $0) }
            return []
        }
        let told = Counter()
        let got: Bool? = try await wait({ holders in told.add(holders.isEmpty ? 1 : 100) }) {
            told.add(0) == 0 ? nil : true
        }
        #expect(got == true && told.add(0) == 1)
    }

    @Test(arguments: [true, false]) func aCommandKnowsItsRunIfItHoldsLocks(holds: Bool) async throws {
        let script = Command("sh", ["-c", "echo ${IMGADM_RUN-none}"], holdsLocks: holds)
        let said = try await ProcessRunner(log: .quiet).run(script).lines
        #expect(said == [holds ? Substring(RunMark.own.environmentValue) : "none"])
    }

    @Test func waitingEndsWithTheRelease() async throws {
        let lock = try #require(try FileLock.tryTaking(path))
        let path = path
        let told = Counter()
        async let waiter = FileLock.taking(path) { _ in told.add(1) }
        while told.add(0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
        lock.release()
        try await waiter.release()
        #expect(told.add(0) == 1)
        #expect(try !HostFile.exists(path))
    }

    /// Who has it is said to those who wait; here that is what ends the holder.
    @Test func theHolderIsNamedToThoseWhoWait() async throws {
        let end = folder.path.appending("end")
        let holder = try await held(until: end, by: "")
        let names = Mutex<[String]>([])
        let lock = try await FileLock.taking(path, limit: .seconds(3600)) { holders in
            names.withLock { $0 = holders.map(\.command) }
            do { try HostFile.write([], to: end) } catch { Issue.record(error) }
        }
        lock.release()
        #expect(names.withLock { $0 }.contains("sh -c"))
        try await holder.value
    }

    /// It is in the error when they have waited long enough.
    @Test func theHolderIsNamedInTheError() async throws {
        let end = folder.path.appending("end")
        let holder = try await held(until: end, by: "")
        let failure = try #require(
            await #expect(throws: Failure.self) { _ = try await FileLock.taking(path, limit: .zero) { _ in } })
        #expect(failure.code == .lockTimeout && failure.description.contains("(sh -c)"), "\(failure)")
        try HostFile.write([], to: end)
        try await holder.value
    }

    @Test func theHolderOfALockOfATableIsNamed() async throws {
        let locks = folder.path.appending("table")
        let table = try LockTable(in: locks)
        #expect(try table.tryTaking(7, .exclusive))
        let other = try LockTable(in: locks)
        let failure = try #require(
            await #expect(throws: Failure.self) {
                try await other.wait(for: 7, of: "image x", limit: .zero)({ _ in }) { () -> Void? in
                    try other.tryTaking(7, .exclusive) ? () : nil
                }
            })
        // It is this process itself, which is not named; what another test starts at this moment is, until it runs its command.
        let isItself = failure.description.contains("image x is locked by a process that cannot be seen")
        #expect(isItself || failure.description.contains("(imgadmPackageTests"), "\(failure)")
        table.release(7)
        #expect(try other.tryTaking(7, .exclusive))
    }

    /// Lines of /proc/PID/fdinfo/NUMBER, as proc_pid_fdinfo(5) has them.
    @Test func aLineOfTheKernelTellsWhichLockItIs() {
        let table = "lock:\t1: OFDLCK ADVISORY  WRITE -1 fe:00:16227016 5 7"
        #expect([4, 5, 6, 7, 8].map { LockHolder.isLock(table, $0) } == [false, true, true, true, false])
        #expect(LockHolder.isLock("lock:\t1: OFDLCK  ADVISORY  READ -1 fe:00:1 5 EOF", .max))
        #expect(!LockHolder.isLock(table, nil))
        #expect(LockHolder.isLock("lock:\t2: FLOCK  ADVISORY  WRITE 22501 fe:00:16227014 0 EOF", nil))
        for other in ["pos:\t0", "", "lock:", "lock:\t1: POSIX  ADVISORY  WRITE 1 fe:00:1 0 EOF"] {
            #expect(!LockHolder.isLock(other, nil) && !LockHolder.isLock(other, 0))
        }
    }

    @Test func aWaiterCanBeCancelled() async throws {
        let lock = try #require(try FileLock.tryTaking(path))
        let path = path
        let waiter = Task { try await FileLock.taking(path) { _ in }.release() }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        lock.release()
    }

    /// Each holder removes the file; the next must not lock one that is gone.
    @Test func manyTakersNeverHoldItTogether() async throws {
        let path = path
        let holders = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<50 {
                        guard let lock = try FileLock.tryTaking(path) else {
                            await Task.yield()
                            continue
                        }
                        #expect(holders.add(1) == 1)
                        await Task.yield()
                        holders.add(-1)
                        lock.release()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try HostFile.names(in: folder.path.appending("run")) == [])
    }

    @Test func whatCannotBeALockIsAnError() throws {
        try HostFile.makeFolder(path)
        #expect(throws: FileError.self) { try FileLock.tryTaking(path) }
        let link = folder.path.appending("link.lock")
        #expect(unsafe symlink("/etc/passwd", link.string) == 0)
        #expect(throws: FileError.self) { try FileLock.tryTaking(link) }
        #expect(throws: FileError.self) { try FileLock.tryTaking("/proc/no/such.lock") }
    }
}

/// A clock by which nobody waits, but something is done in that time.
private struct ActingClock: Timekeeper {
    let act: @Sendable () async throws -> Void

    var now: ContinuousClock.Instant { .now }

    func wait(_ time: Duration) async throws { try await act() }
}

private final class Counter: Sendable {
    private let value = Mutex(0)

    @discardableResult
    func add(_ number: Int) -> Int {
        value.withLock {
            $0 += number
            return $0
        }
    }
}

extension Logger {
    /// A log that nobody reads.
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
