import Glibc
public import SystemPackage

/// Where on this host imgadm keeps its files (state.md, "Files").
///
/// Everything hangs below one root, `/` unless `IMGADM_ROOT` says otherwise, so that tests and
/// unprivileged users have a world of their own.
public struct HostRoot: Sendable {
    public let root: FilePath

    public init(_ root: FilePath = "/") { self.root = root }

    /// The root that the environment names. A relative path counts from the current folder.
    public init(environment: [String: String]) {
        let named = environment["IMGADM_ROOT"] ?? ""
        self.init(named.isEmpty ? "/" : FilePath(named))
    }

    public var configFolder: FilePath { root.appending("var/imgadm") }
    /// The config file, `imgadm.conf`.
    public var config: FilePath { configFolder.appending("imgadm.conf") }
    /// Records of installed images, `POOL-UUID.json`.
    public var records: FilePath { configFolder.appending("images") }
    /// Downloads waiting for their origin.
    public var downloads: FilePath { root.appending("var/tmp/.imgadm-downloads") }
    /// Lists of servers, as they were when they were last fetched.
    public var catalogues: FilePath { root.appending("var/cache/imgadm") }
    /// Import locks, as other tools know them.
    public var locks: FilePath { root.appending("var/run") }
    /// The locks that protect what is on a pool: wherever a process has its state, all of one user meet here.
    public static var sharedLocks: FilePath {
        geteuid() == 0 ? "/run/imgadm" : FilePath("/run/lock/imgadm-\(geteuid())")
    }
    /// The words name a path below which imgadm keeps its files, whatever the root.
    static func isOfState(_ words: String) -> Bool {
        [
            "/var/imgadm", "/var/db/imgadm", "/var/cache/imgadm", "/var/tmp/.imgadm", "/var/run", "/run/imgadm",
            "/run/lock/imgadm",
        ].contains(where: words.contains)
    }
    /// What runs of `create` are doing to VMs, `VM.json`.
    public var intents: FilePath { configFolder.appending("create") }
    /// The state of imgadm before 2.0.0.
    public var oldState: FilePath { root.appending("var/db/imgadm") }
}
