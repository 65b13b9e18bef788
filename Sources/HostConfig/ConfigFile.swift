import Failure
public import Host
import JSON
public import Logging
import SystemPackage

/// Reads and rewrites the config of a host.
public struct ConfigFile: Sendable {
    let root: HostRoot
    let log: Logger
    /// How long the lock of the config is waited for.
    private let lockPatience: Duration

    public init(root: HostRoot, lockPatience: Duration = LockWait.longest, log: Logger) {
        self.root = root
        self.lockPatience = lockPatience
        self.log = log
    }

    /// The config, upgraded from an older layout if it has to be (state.md). Nothing is written.
    ///
    /// - Throws: `ConfigError` if the file is not a JSON object; `FileSystemError`.
    public func load() throws -> ImgadmConfig {
        let config = try read()
        guard try ConfigUpgrade.isNeeded(config, root: root) else { return config ?? ImgadmConfig() }
        return try ConfigUpgrade(root: root, log: log).upgrade(config)
    }

    /// Upgrades the files of an older layout, for commands that change something on this host.
    ///
    /// - Throws: as `load`; what hinders the writing.
    public func upgrade() async throws {
        guard try ConfigUpgrade.isNeeded(try read(), root: root) else { return }
        let lock = try await lock()
        defer { lock.release() }
        _ = try upgradeLocked()
    }

    /// The upgraded config, written under the lock.
    private func upgradeLocked() throws -> ImgadmConfig {
        let config = try read()
        guard try ConfigUpgrade.isNeeded(config, root: root) else { return config ?? ImgadmConfig() }
        let upgrade = ConfigUpgrade(root: root, log: log)
        let upgraded = try upgrade.upgrade(config)
        // What has a mistake is for its author to mend, as it was written.
        guard (try? upgraded.sources) != nil else { return upgraded }
        try upgrade.takeOverManifests(config)
        try write(upgraded)
        return upgraded
    }

    private func lock() async throws -> FileLock {
        try await FileLock.taking(lockPath, limit: lockPatience) { holders in
            log.warning(
                "waiting for another imgadm that changes the config",
                metadata: ["holders": "\(holders.map(\.description).joined(separator: ", "))"])
        }
    }

    /// Changes the config: no other imgadm changes it meanwhile, and it is written only if `change` really did.
    public func update<Value>(_ change: (inout ImgadmConfig) throws -> Value) async throws -> Value {
        let lock = try await lock()
        defer { lock.release() }
        let before = try upgradeLocked()
        var config = before
        let value = try change(&config)
        if config != before { try write(config) }
        return value
    }

    private var lockPath: FilePath { root.locks.appending("imgadm.conf.lock") }

    private func read() throws -> ImgadmConfig? {
        guard let bytes = try HostFile.read(root.config, from: .setUp) else { return nil }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw Failure(
                .configError, "the config file \"\(root.config)\" is not JSON", cause: error,
                hint: (error.slip.map { "\($0); " } ?? "")
                    + "mend the file, or move it out of the way to start with the defaults")
        }
        guard let object = value.objectValue else {
            throw Failure(
                .configError, "the config file \"\(root.config)\" is not a JSON object",
                hint: "it begins with { and ends with }: imgadm.conf(5) has an example")
        }
        return ImgadmConfig(json: object, file: root.config.string)
    }

    private func write(_ config: ImgadmConfig) throws {
        var bytes: [UInt8] = []
        JSONValue.object(config.json).write(to: &bytes, style: .indented(2))
        bytes.append(UInt8(ascii: "\n"))
        try HostFile.write(bytes, to: root.config)
    }
}
