import Glibc
public import SystemPackage
import Synchronization
import Host

/// Pools on sparse files, under names that no one else has.
public enum SandboxPool {
    private static let files = Mutex<[String: FilePath]>([:])
    private static let count = Atomic(0)
    private static let workshopPool = Mutex<Task<String, any Error>?>(nil)

    /// A new pool.
    static func make() async throws -> String {
        try await ZFSService.start()
        let number = count.add(1, ordering: .relaxed).newValue
        let name = "imgadmtest\(getpid())x\(number)"
        let folder = TestFolder.make("pool")
        files.withLock { $0[name] = folder }
        Leftovers.register { destroyAll() }
        let file = folder.appending("disk")
        try await Tool.run("truncate", "-s", "4G", file.string)
        try await Tool.run(
            "zpool", "create", "-o", "cachefile=none", "-O", "atime=off", "-m", folder.appending("mnt").string, name, file.string)
        return name
    }

    /// The pool in which images are made; one for all tests.
    static func workshop() async throws -> String {
        let task = workshopPool.withLock { pool in
            if let pool { return pool }
            let task = Task { try await make() }
            pool = task
            return task
        }
        return try await task.value
    }

    static func destroy(_ name: String) {
        guard let folder = files.withLock({ $0.removeValue(forKey: name) }) else { return }
        Leftovers.run(["zpool", "destroy", "-f", name])
        TestFolder.remove(folder)
    }

    private static func destroyAll() {
        for name in files.withLock({ Array($0.keys) }) { destroy(name) }
    }
}

/// The ZFS of this machine: the kernel's, or zfs-fuse, which is started if it does not run.
enum ZFSService {
    private static let started = Mutex<Task<Void, any Error>?>(nil)

    static func start() async throws {
        let task = started.withLock { started in
            if let started { return started }
            let task = Task {
                if (try? await Tool.run("zpool", "list")) != nil { return }
                try await Tool.shell("zfs-fuse >/dev/null 2>&1; for i in $(seq 100); do zpool list >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1")
            }
            started = task
            return task
        }
        try await task.value
    }
}

/// What must be taken down when the tests end, however they do.
enum Leftovers {
    private static let registered = Mutex(false)
    private static let work = Mutex<(@Sendable () -> Void)?>(nil)

    static func register(_ atExit: @escaping @Sendable () -> Void) {
        work.withLock { $0 = atExit }
        registered.withLock { registered in
            if !registered { atexit { Leftovers.work.withLock { $0 }?() } }
            registered = true
        }
    }

    /// Runs a command and waits for it, outside of any task.
    static func run(_ command: [String]) {
        let words = command.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        guard let path = ExecutableSearch.find(command[0]) else { return }
        guard posix_spawn(&pid, path.string, nil, nil, words, environ) == 0 else { return }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}
