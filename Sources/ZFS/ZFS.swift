import Failure
public import Host
public import Logging
public import Time

/// The `zfs` command of the host, whichever ZFS it is: illumos, OpenZFS, zfs-fuse.
///
/// Only what all of them have is used: no `zfs list -p`, no JSON output. Every call is one process, with an argument
/// vector made of checked names.
public struct ZFS: Sendable {
    let runner: any CommandRunner
    let log: Logger
    let clock: any Timekeeper
    let abilities = Abilities()

    public init(runner: any CommandRunner, log: Logger, clock: any Timekeeper = .real) {
        self.runner = runner
        self.log = log
        self.clock = clock
    }

    /// How long a question may take. A pool that has lost its disks answers none.
    private static let patience = Duration.seconds(300)

    /// A command that is not to be killed if it changes something, and not to be waited for without end if it does not.
    func command(_ arguments: [String]) -> Command {
        let asks = arguments.first.map { ["list", "get"].contains($0) } ?? false
        return Command("zfs", arguments, limit: asks ? ZFS.patience : nil, holdsLocks: !asks)
    }

    /// Runs `zfs` and throws unless it succeeds.
    @discardableResult
    func zfs(_ arguments: String..., doing what: String) async throws -> CommandOutcome {
        try await zfs(arguments, doing: what)
    }

    @discardableResult
    func zfs(_ arguments: [String], doing what: String) async throws -> CommandOutcome {
        let command = command(arguments)
        let outcome = try await runner.run(command)
        guard outcome.succeeded else { throw ZFSError(outcome, of: command, doing: what) }
        return outcome
    }

    /// A dataset may be busy for so long.
    private static let whileBusy = Backoff(
        patience: .seconds(8), firstPause: .milliseconds(20), longestPause: .milliseconds(500))
    /// After so long it is looked for what keeps it busy.
    private static let briefly = Duration.seconds(1)

    /// Runs a command that changes a dataset, trying again for a while when the dataset is busy: one that was just
    /// mounted, or whose receive was just interrupted, can be so for a moment.
    ///
    /// - Parameter reason: looks, after a moment, whether something keeps it busy that will not pass.
    func zfsWhenFree(
        _ arguments: [String], doing what: String, reason: () async throws -> ZFSError? = { nil }
    ) async throws {
        var looked = false
        try await ZFS.whileBusy(by: clock) { tries in
            do {
                try await zfs(arguments, doing: what)
                return .done(())
            } catch let error as ZFSError where error.kind == .busy {
                if !looked, tries.elapsed > ZFS.briefly {
                    looked = true
                    if let reason = try await reason() { throw reason }
                }
                log.debug("dataset is busy", metadata: ["doing": "\(what)"])
                return .passing(.failure(error))
            }
        }
    }
}
