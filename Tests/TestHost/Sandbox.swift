import Glibc
import Host
import Logging
public import SystemPackage

/// A world of its own for one test: a folder as imgadm's root, and a pool. Both go when it goes.
public final class Sandbox: Sendable {
    public let root: FilePath
    public let pool: String
    private let environment: [String: String]

    /// - Parameter environment: further variables for imgadm.
    public static func make(environment: [String: String] = [:]) async throws -> Sandbox {
        Sandbox(pool: try await SandboxPool.make(), environment: environment)
    }

    init(pool: String, environment: [String: String]) {
        self.pool = pool
        root = TestFolder.make("root")
        self.environment = environment
    }

    deinit {
        SandboxPool.destroy(pool)
        TestFolder.remove(root)
    }

    /// How a run of the tool ended.
    public struct Run: Sendable, CustomStringConvertible {
        public let status: Int32
        public let output: String
        public let errors: String
        public var lines: [String] { output.split(separator: "\n").map(String.init) }
        public var description: String { "status \(status)\n--- stdout\n\(output)--- stderr\n\(errors)" }
    }

    /// Runs imgadm with this sandbox's root and pool.
    public func imgadm(_ arguments: String..., environment extra: [String: String] = [:]) async throws -> Run {
        try await run([Binaries.imgadm] + arguments, environment: extra)
    }

    public func imgadm(_ arguments: [String], environment extra: [String: String] = [:]) async throws -> Run {
        try await run([Binaries.imgadm] + arguments, environment: extra)
    }

    /// Runs imgadm and kills it, as `kill -9` does, after a time.
    public func imgadm(_ arguments: [String], killedAfter seconds: Double) async throws -> Run {
        try await run(["timeout", "-s", "KILL", "\(seconds)", Binaries.imgadm] + arguments)
    }

    /// Runs a line of shell in which `imgadm` is the tool, with this sandbox's environment.
    public func shell(_ line: String, environment extra: [String: String] = [:]) async throws -> Run {
        try await run(["bash", "-c", "imgadm() { \(Binaries.imgadm) \"$@\"; }\n\(line)"], environment: extra)
    }

    private func run(_ words: [String], environment extra: [String: String] = [:]) async throws -> Run {
        // A server that a busy machine keeps from answering is no silent one: what is about those says so itself.
        var variables = [
            "IMGADM_ROOT": root.string, "IMGADM_POOL": pool, "IMGADM_CONNECT_TIMEOUT": "20",
            "IMGADM_STALL_TIMEOUT": "120", "IMGADM_PATIENCE": "1",
        ]
        variables.merge(environment) { $1 }
        variables.merge(extra) { $1 }
        // Proxies of the machine are not for 127.0.0.1.
        let unset = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"].flatMap { ["-u", $0] }
        let set = variables.map { "\($0.key)=\($0.value)" }.sorted()
        let outcome = try await Tool.runner.run(Command("env", unset + set + words))
        let status: Int32 =
            switch outcome.ending {
            case .exited(let status): status
            case .signaled(let number): 128 + number
            }
        return Run(status: status, output: String(decoding: outcome.output, as: UTF8.self), errors: outcome.errorText)
    }

    /// The names of all datasets and snapshots of the pool, without the pool's own.
    public func datasets() async throws -> [String] {
        try await Tool.run("zfs", "list", "-H", "-r", "-t", "all", "-o", "name", pool).split(separator: "\n")
            .map { String($0.dropFirst(pool.count + 1)) }.filter { !$0.isEmpty }
    }

    /// Waits until no `zfs` that a killed imgadm had started works on the pool any more.
    public func settle() async throws {
        _ = try await Tool.shell("while pgrep -f '^[^ ]*zfs .*\(pool)/' >/dev/null; do sleep 0.02; done")
    }

    /// The records of images.
    public func recordNames() throws -> [String] { try HostFile.names(in: path("var/imgadm/images")).sorted() }

    /// Adds a source without asking it, in place of the standard one.
    public func use(_ url: String, type: String = "imgapi") throws {
        try write(
            "{\"sources\":[{\"type\":\"\(type)\",\"url\":\"\(url)\"}],\"upgradedToVer\":\"3.0.0\"}",
            to: "var/imgadm/imgadm.conf")
    }

    /// A file below the root.
    public func path(_ name: String) -> FilePath { root.appending(name) }

    public func write(_ text: String, to name: String) throws { try HostFile.write(Array(text.utf8), to: path(name)) }

    /// A file that only its owner reads, as one of tokens must be.
    public func writeSecret(_ text: String, to name: String) throws {
        try HostFile.write(Array(text.utf8), to: path(name), mode: .ownerReadWrite)
    }

    public func read(_ name: String) throws -> String? {
        try HostFile.read(path(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What is left of runs that ended: locks, downloads.
    public func leftovers() throws -> [String] {
        let locks = try HostFile.names(in: path("var/run")).map { "var/run/\($0)" }
        let downloads = try HostFile.names(in: path("var/tmp/.imgadm-downloads")).map { "downloads/\($0)" }
        let temporary = try HostFile.names(in: path("var/imgadm/images")).filter { $0.hasSuffix(".tmp") }
        return (locks + downloads + temporary).sorted()
    }
}

/// Programs that tests run.
public enum Tool {
    static let runner = ProcessRunner(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    /// Runs a program that must succeed.
    @discardableResult
    public static func run(_ program: String, _ arguments: String...) async throws -> String {
        try await run(program, arguments)
    }

    @discardableResult
    public static func run(_ program: String, _ arguments: [String]) async throws -> String {
        let command = Command(program, arguments)
        let outcome = try await runner.run(command)
        guard outcome.succeeded else { throw command.failure(outcome) }
        return String(decoding: outcome.output, as: UTF8.self)
    }

    /// Runs a line of shell that must succeed.
    @discardableResult
    public static func shell(_ line: String) async throws -> String {
        try await run("bash", "-o", "pipefail", "-ec", line)
    }
}

/// The programs under test.
public enum Binaries {
    public static var imgadm: String { folder.appending("imgadm").string }
    public static var server: String { folder.appending("imgapi-server").string }

    /// `IMGADM_TEST_BINARIES`, or beside the test runner.
    private static let folder: FilePath = {
        if let named = ProcessEnvironment.variables["IMGADM_TEST_BINARIES"] { return FilePath(named) }
        var path = FilePath(CommandLine.arguments[0])
        while path.removeLastComponent() {
            if (try? HostFile.exists(path.appending("imgapi-server"))) == true { return path }
        }
        return FilePath(".build/debug")
    }()
}

/// Temporary folders, under unique names.
public enum TestFolder {
    public static func make(_ what: String) -> FilePath {
        let base = FilePath(ProcessEnvironment.variables["TMPDIR"] ?? "/tmp")
        let path = base.appending("imgadmtest-\(getpid())-\(what)-\(UInt64.random(in: 0 ... .max))")
        try? HostFile.makeFolder(path)
        return path
    }

    /// One for several tests, that goes when the process exits.
    public static func makeLasting(_ what: String) -> FilePath {
        let path = make(what)
        Leftovers.atExit { remove(path) }
        return path
    }

    public static func remove(_ path: FilePath) {
        guard path.lastComponent?.string.hasPrefix("imgadmtest-") == true else { return }
        Leftovers.run(["rm", "-rf", path.string])
    }
}

extension Tool {
    /// Writes a file.
    public static func write(_ text: String, to path: FilePath) throws {
        try HostFile.write(Array(text.utf8), to: path)
    }
}
