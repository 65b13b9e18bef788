import Failure
import Host
import HostConfig
import ImageModel
import ImageSource
import ImageStore
import ImageTool
import JSON
import Logging
import Terminal
import Transport
import VirtualMachines
import ZFS

/// What a command has to work with: the tool, set up for this host and environment, and where output goes.
struct CommandContext: Sendable {
    let command: String
    /// `-v` before the command.
    let verbose: Bool
    let environment: [String: String]
    let output: Output
    let log: Logger
    let tool: ImageTool
    let maker: ImageMaker
    let exporter: ImageExporter
    let pusher: ImagePusher
    /// What was done is told by one JSON object at the end, and sentences go to standard error.
    var answersJSON = false
    private let results = ResultBoard()
    private let network: NetworkSender
    /// The pool of commands that are not told one: `zones`, or what `IMGADM_POOL` says.
    private let standardPool: String

    init(
        command: String, options: GlobalOptions, environment: [String: String], output: Output, records: RunLog
    ) throws {
        self.command = command
        verbose = options.verbose
        self.environment = environment
        self.output = output
        log = records.logger
        standardPool = environment["IMGADM_POOL"].flatMap { $0.isEmpty ? nil : $0 } ?? "zones"
        let root = HostRoot(environment: environment)
        let runner = ProcessRunner(log: log)
        let lockPatience = try CommandContext.seconds("IMGADM_LOCK_PATIENCE", in: environment, least: 0)
        let config = ConfigFile(root: root, lockPatience: lockPatience ?? LockWait.longest, log: log)
        var settings = try TransportSettings(environment: environment)
        // The config is read for the User-Agent alone here; what is wrong with it is told by the commands that need it.
        let extra = (try? config.load().userAgentExtra).map { " \($0)" } ?? ""
        settings.userAgent =
            "imgadm/\(Imgadm.contractVersion) (swift/\(CommandContext.swiftVersion); \(CommandContext.platform); \(Imgadm.version))\(extra)"
        network = NetworkSender(settings: settings)
        let transport = Transport(sender: network, settings: settings, log: log)
        let zfs = ZFS(runner: runner, log: log)
        tool = ImageTool(
            root: root, runner: runner,
            store: ImageStore(
                root: root, runner: runner, zfs: zfs, machines: ZoneRoots(runner: runner),
                lockPatience: lockPatience ?? LockWait.longest, log: log),
            config: config,
            sources: ImageSources(
                transport: transport, requestID: records.serverRequestID,
                credentials: DockerConfigFile(environment: environment, runner: runner, log: log), root: root,
                log: log),
            transport: transport, log: log)
        let patience = try CommandContext.seconds("IMGADM_PREPARE_TIMEOUT", in: environment, least: 1)
        exporter = ImageExporter(tool: tool, zfs: zfs)
        pusher = ImagePusher(tool: tool, zfs: zfs)
        maker = ImageMaker(tool: tool, root: root, zfs: zfs, patience: patience ?? .seconds(300)) { pool in
            if Vmadm.isPresent { return Vmadm(runner: runner, patience: patience ?? .seconds(300)) }
            return BareDatasets(root: root, zfs: zfs, runner: runner, pool: pool)
        }
    }

    /// A time that the environment says; nil if it says none.
    ///
    /// - Throws: `ConfigError`.
    private static func seconds(
        _ name: String, in environment: [String: String], least: Double
    ) throws(Failure) -> Duration? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        return try OutsideNumber.seconds(text, in: least...OutsideNumber.day, named: name)
    }

    /// Puts back the VMs that runs of `create` which have died left otherwise, and says so. What cannot be put back keeps no
    /// command from its work.
    func recoverMachines() async throws {
        let tell = { @Sendable (line: String) in ErrorReport.write("imgadm: \(Printable.text(line))") }
        do {
            try await maker.recoverAll(Report(line: tell, warning: tell))
        } catch let error as any CodedError {
            tell("warning: \(error.fullDescription)")
        }
    }

    /// Takes over what older versions have left, for a command that changes something on this host (state.md, "Files").
    func upgradeState() async throws { try await tool.config.upgrade() }

    /// Ends what the command may have left open.
    func close() async { await network.shutDown() }

    /// A pool by its name, or the standard one.
    ///
    /// - Throws: `InvalidPoolName`.
    func pool(_ name: String?) throws -> PoolName { try PoolName(checking: name ?? standardPool) }

    /// A pool by its name, or the one that `IMGADM_POOL` says; nil if none is named anywhere.
    ///
    /// - Throws: `InvalidPoolName`.
    func namedPool(_ name: String?) throws -> PoolName? {
        // An empty variable is none; an empty word is one that a script has not filled in, and never means all pools.
        guard let name = name ?? environment["IMGADM_POOL"].flatMap({ $0.isEmpty ? nil : $0 }) else { return nil }
        return try PoolName(checking: name)
    }

    /// Says on standard error what people may want to know, and programs do not.
    func note(_ text: String) { ErrorReport.write("imgadm \(command): \(Printable.text(text))") }

    /// The one installed image that an argument names.
    ///
    /// - Throws: `Usage`, `ImageNotInstalled`, `InvalidUUID`, `AmbiguousName`.
    func installed(_ words: [String], in pool: PoolName) async throws -> ImageUUID {
        try await tool.installed(Arguments.one(words, "IMAGE"), in: pool)
    }

    /// The installed images that arguments name.
    ///
    /// - Parameter pool: nil for all pools.
    /// - Throws: `ImageNotInstalled`, `InvalidUUID`, `AmbiguousName`.
    func allInstalled(_ words: [String], in pool: PoolName?) async throws -> [ImageUUID] {
        var uuids: [ImageUUID] = []
        for word in words {
            if let pool {
                uuids.append(try await tool.installed(word, in: pool))
            } else {
                uuids += try await tool.allInstalled(word)
            }
        }
        return uuids
    }

    /// Says on standard error what is no error but should be noticed.
    func remark(_ texts: [String]) {
        for text in texts {
            ErrorReport.write("imgadm \(command): \(style.warning("warning")): \(Printable.text(text))")
        }
    }

    /// Does work that takes its time: its lines go to standard output as they come, what is under way is shown on standard
    /// error.
    ///
    /// - Parameter dryRun: the lines say that nothing is changed.
    func reporting(
        _ mode: ProgressOptions.Mode = .none, dryRun: Bool = false, _ work: (Report) async throws -> Void
    ) async throws {
        let display = display(mode)
        let start = dryRun ? "[dry-run] " : ""
        let report = Report(
            line: { [output, answersJSON] line in
                let line = start + line
                guard answersJSON else {
                    // Work that was asked for is done whether or not somebody still reads of it.
                    return display.write { try? output.progress(line) }
                }
                guard !display.tell(line: line) else { return }
                display.write { ErrorReport.write(Printable.text(line)) }
            },
            warning: { [command, style, results] text in
                results.warn(text)
                guard !display.tell(warning: text) else { return }
                display.write {
                    ErrorReport.write("imgadm \(command): \(style.warning("warning")): \(Printable.text(text))")
                }
            }, transfers: display.board, results: results)
        let showing = Task { await display.run() }
        let result: Result<Void, any Error>
        do {
            result = .success(try await work(report))
        } catch {
            result = .failure(error)
        }
        // Nothing may be drawn once the command goes on.
        showing.cancel()
        await showing.value
        display.close()
        try result.get()
    }

    /// Does a command's work, and then prints what was done, also if it fails.
    func answering(isDryRun: Bool, _ work: () async throws -> Void) async throws {
        func answer(_ error: (any Error)?) throws {
            let answer = Answer(command: command, isDryRun: isDryRun, board: results, error: error)
            try output.json(.object(answer.json))
        }
        do {
            try await work()
        } catch {
            // Why the work ended is what counts; the output may be what failed.
            try? answer(error)
            throw error
        }
        try answer(nil)
    }

    private func display(_ mode: ProgressOptions.Mode) -> any ProgressDisplay {
        switch mode {
        case .auto:
            ErrorTerminal.isUsable(environment: environment) ? ProgressBars(board: TransferBoard()) : PlainProgress()
        case .bar: ProgressBars(board: TransferBoard())
        case .plain: PlainProgress()
        case .json: ProgressEvents()
        case .none: NoProgress()
        }
    }

    /// The terminal that standard output is, if it is one.
    var tableRoom: TableRoom? {
        OutputTerminal.columns.map {
            TableRoom(
                columns: $0, isASCII: OriginTree.isASCII(environment), whole: Listing.wholeColumns,
                identities: Listing.identities, dispensable: Listing.dispensableColumns)
        }
    }

    /// How standard error is written.
    private var style: TextStyle { TextStyle(environment: environment) }

    private static var swiftVersion: String {
        #if compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    private static var platform: String {
        #if os(Linux)
            "linux"
        #else
            "unix"
        #endif
    }
}
