public import Host
public import HostConfig
public import ImageSource
public import ImageStore
public import Logging
import Time
public import Transport

/// The verbs: what can be done with the images of this host and of its sources.
public struct ImageTool: Sendable {
    public let store: ImageStore
    public let config: ConfigFile
    let sources: ImageSources
    let transport: Transport
    let root: HostRoot
    let downloads: DownloadFolder
    let platform: HostPlatform
    let log: Logger
    /// It only tells what an import would do, and changes nothing on this host.
    private(set) var isRehearsing = false
    /// What is waited by.
    var clock: any Timekeeper { transport.settings.clock }

    public init(
        root: HostRoot, runner: any CommandRunner, store: ImageStore, config: ConfigFile, sources: ImageSources,
        transport: Transport, log: Logger
    ) {
        self.root = root
        self.store = store
        self.config = config
        self.sources = sources
        self.transport = transport
        self.log = log
        platform = HostPlatform(runner: runner)
        downloads = DownloadFolder(root: root)
    }

    /// The same, that only tells what an import would do.
    public var rehearsing: ImageTool {
        var tool = self
        tool.isRehearsing = true
        return tool
    }
}
