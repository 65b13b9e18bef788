import Glibc
public import SystemPackage
import Synchronization
import Host

/// A pool on a sparse file, made for the tests of this process and destroyed at its end.
public enum SandboxPool {
    private static let pools = Mutex<[String: Task<String, any Error>]>([:])

    /// The pool of a group of tests; made when it is first asked for.
    public static func named(_ group: String = "") async throws -> String {
        let task = pools.withLock { pools in
            if let task = pools[group] { return task }
            let task = Task { try await make("imgadmtest\(getpid())\(group)") }
            pools[group] = task
            return task
        }
        return try await task.value
    }

    private static func make(_ name: String) async throws -> String {
        try await ZFSService.start()
        let folder = TestFolder.make("pool")
        let file = folder.appending("disk")
        try await Tool.run("truncate", "-s", "4G", file.string)
        Leftovers.atExit(["zpool", "destroy", "-f", name])
        Leftovers.atExit(["rm", "-rf", folder.string])
        try await Tool.run(
            "zpool", "create", "-o", "cachefile=none", "-O", "atime=off", "-m", folder.appending("mnt").string, name, file.string)
        return name
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
    private static let commands = Mutex<[[String]]>([])
    private static let registered = Mutex(false)

    static func atExit(_ command: [String]) {
        commands.withLock { $0.append(command) }
        registered.withLock { registered in
            if !registered { atexit { Leftovers.runAll() } }
            registered = true
        }
    }

    private static func runAll() {
        for command in commands.withLock({ $0 }) { run(command) }
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
