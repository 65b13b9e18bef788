import ArgumentParser
import Failure
import ImageTool

/// Shows the transfers of a command while they are under way.
protocol ProgressDisplay: Sendable {
    /// What it shows.
    var board: TransferBoard { get }
    /// Shows until the task is cancelled.
    func run() async
    /// Lets something else be written to the terminal.
    func write(_ body: () -> Void)
    /// Tells a warning in its own way; false if it has none.
    func tell(warning: String) -> Bool
    /// Tells a line that goes to standard error in its own way; false if it has none.
    func tell(line: String) -> Bool
    /// Takes away what must not stay.
    func close()
}

extension ProgressDisplay {
    func run() async {}
    func write(_ body: () -> Void) { body() }
    func tell(warning: String) -> Bool { false }
    func tell(line: String) -> Bool { false }
    func close() {}
}

/// Shows nothing.
struct NoProgress: ProgressDisplay {
    let board = TransferBoard()
}

/// `--progress` and `-q`, as the commands have them that move files.
struct ProgressOptions: ParsableArguments {
    /// How progress is shown.
    enum Mode: String, CaseIterable {
        /// Bars on a terminal, plain lines elsewhere.
        case auto
        case bar, plain, json, none
    }

    @Flag(name: .customShort("q"), help: "Show no progress, as --progress none; what was done is told all the same.")
    var quiet = false
    @Option(
        name: .customLong("progress"), parsing: .unconditional,
        help: ArgumentHelp(
            """
            How progress is shown on standard error: auto (bar on a terminal, else plain), bar, plain (a line each \
            10 s), json (events, a line each) or none.
            """,
            valueName: "mode"), completion: .list(Mode.allCases.map(\.rawValue)))
    var mode: String?

    /// - Throws: `Option`.
    func chosen() throws(Failure) -> Mode {
        guard let mode else { return quiet ? .none : .auto }
        guard let chosen = Mode(rawValue: mode) else {
            throw Failure(
                .option, "\"\(mode)\" is no value of --progress",
                hint: "one of \(Mode.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard !quiet || chosen == .none else { throw Failure(.option, "-q and --progress \(mode) exclude each other") }
        return chosen
    }
}
