import Glibc
import Host
import Synchronization
import SystemPackage

/// Pools on sparse files, under names that no one else has.
public enum SandboxPool {
    private static let files = Mutex<[String: FilePath]>([:])
    private static let count = Atomic(0)
    private static let workshopPool = MadeOnce { try await make() }

    /// A new pool.
    static func make() async throws -> String {
        try await ZFSService.start()
        let number = count.add(1, ordering: .relaxed).newValue
        let name = "imgadmtest\(getpid())x\(number)"
        let folder = TestFolder.make("pool")
        files.withLock { $0[name] = folder }
        Leftovers.atExit { destroy(name) }
        let file = folder.appending("disk")
        try await Tool.run("truncate", "-s", "4G", file.string)
        try await Tool.run(
            "zpool", "create", "-o", "cachefile=none", "-O", "atime=off", "-m", folder.appending("mnt").string, name,
            file.string)
        return name
    }

    /// The pool in which images are made; one for all tests.
    static func workshop() async throws -> String { try await workshopPool.get() }

    /// Destroys a dataset and all below it. One that was just mounted is busy for a while on zfs-fuse.
    public static func destroyDataset(_ name: String) async throws {
        try await Tool.shell("for n in $(seq 600); do zfs destroy -r '\(name)' && exit; sleep 0.1; done; exit 1")
    }

    static func destroy(_ name: String) {
        guard let folder = files.withLock({ $0.removeValue(forKey: name) }) else { return }
        // zfs-fuse learns of an unmount after the kernel has done it: a pool with more than one file system is always busy at
        // the first try, and seldom at the second.
        for _ in 0..<600 {
            if Leftovers.run(["sh", "-c", "exec zpool destroy -f \(name) 2>/dev/null"]) == 0 {
                return TestFolder.remove(folder)
            }
            usleep(50_000)
        }
        // The pool is there with its disk, then, and the next run of the tests takes it away.
        Leftovers.run(["zpool", "destroy", "-f", name])
    }
}

/// The ZFS of this machine: the kernel's, or zfs-fuse, which is started if it does not run.
enum ZFSService {
    private static let started = MadeOnce {
        if let pools = try? await Tool.run("zpool", "list", "-H", "-o", "name") {
            for pool in pools.split(separator: "\n") where isAbandoned(pool) {
                Leftovers.run(["zpool", "destroy", "-f", String(pool)])
            }
            return
        }
        // Which keeps zfs-fuse from standing still, too.
        let root = (0..<3).reduce(FilePath(#filePath)) { path, _ in path.removingLastComponent() }
        try await Tool.run("\(root)/scripts/zfs-daemon.sh", "start")
    }

    static func start() async throws {
        try await started.get()
    }
}

extension ZFSService {
    /// A pool of a test run whose process is no more: `imgadmtestPIDxN`.
    fileprivate static func isAbandoned(_ pool: Substring) -> Bool {
        guard pool.hasPrefix("imgadmtest"), let pid = pid_t(pool.dropFirst(10).prefix { $0 != "x" }) else {
            return false
        }
        return kill(pid, 0) != 0 && errno == ESRCH
    }
}

/// What must be taken down when the tests end, however they do.
enum Leftovers {
    private static let work = Mutex<[@Sendable () -> Void]>([])

    /// Has something done when the process exits; what was registered last comes first.
    static func atExit(_ closure: @escaping @Sendable () -> Void) {
        let isFirst = work.withLock { work in
            work.append(closure)
            return work.count == 1
        }
        guard isFirst else { return }
        atexit { for closure in Leftovers.work.withLock({ $0 }).reversed() { closure() } }
    }

    /// Runs a command and waits for it, outside of any task.
    ///
    /// - Returns: zero if it succeeded.
    @discardableResult
    static func run(_ command: [String]) -> Int32 {
        let words = command.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        guard let path = ExecutableSearch.find(command[0]) else { return -1 }
        guard posix_spawn(&pid, path.string, nil, nil, words, environ) == 0 else { return -1 }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }
}
