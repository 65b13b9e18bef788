import ArgumentParser
import Failure

/// `-j --format`, as the commands have them that change something: how they tell what they did.
struct AnswerOptions: ParsableArguments {
    @Flag(name: [.customShort("j"), .customLong("json")], help: "Print JSON, as --format json.") var json = false
    @Option(
        name: .customLong("format"), parsing: .unconditional,
        help: ArgumentHelp(
            """
            table (sentences; the default) or json: one object at the end, that tells what was done to which image; the \
            sentences go to standard error.
            """, valueName: "format"),
        completion: .list(["table", "json"]))
    var format: String?

    /// - Throws: `Option`.
    func isJSON() throws(Failure) -> Bool {
        try OutputFormat(format, json: json, allowed: [.table, .json]) == .json
    }
}

/// A command that tells programs what it did, by one object on standard output.
protocol AnsweringCommand: ImgadmCommand {
    /// - Throws: `Option`.
    func answersJSON() throws(Failure) -> Bool
    /// It only tells what it would do.
    var isDryRun: Bool { get }
}

extension AnsweringCommand {
    var isDryRun: Bool { false }
}
