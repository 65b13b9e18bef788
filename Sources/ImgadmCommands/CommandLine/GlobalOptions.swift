import ArgumentParser
import Failure

/// The options that stand before the command (cli.md §1).
struct GlobalOptions: Sendable {
    var help = false
    /// All commands and options as JSON: what ArgumentParser answers to `--experimental-dump-help`.
    var dump: String?
    var version = false
    var verbose = false
    /// Errors as Bunyan JSON records (`-E`).
    var structuredErrors = false

    /// Takes the global options off the front of the arguments.
    ///
    /// - Returns: the options, the command, and its arguments.
    /// - Throws: `Option` for one that is not known.
    static func split(_ arguments: [String]) throws(Failure) -> (GlobalOptions, command: String?, rest: [String]) {
        var options = GlobalOptions()
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-"), word != "-" {
            rest = rest.dropFirst()
            if word == "--" { break }
            do {
                try options.read(word)
            } catch {
                // Of a command, and typed before it: the same words in another order work.
                guard let command = rest.first(where: { CommandList.find($0) != nil }) else { throw error }
                throw Failure(
                    .option, error.message,
                    hint: "options of a command stand after it: imgadm \(command) \(word) …")
            }
        }
        return (options, rest.first, Array(rest.dropFirst()))
    }

    /// Reads a word as what `CommandTree` declares.
    private mutating func read(_ word: String) throws(Failure) {
        do {
            guard let given = try CommandTree.parseAsRoot([word]) as? CommandTree else {
                // ArgumentParser's own command, for help.
                help = true
                return
            }
            version = version || given.version
            verbose = verbose || given.verbose
            structuredErrors = structuredErrors || given.structuredErrors
        } catch  where CommandTree.exitCode(for: error) == .success {
            dump = CommandTree.fullMessage(for: error)
        } catch {
            throw Failure(
                .option, CommandEntry.firstLine(CommandTree.message(for: error)), hint: "imgadm help shows the options")
        }
    }
}
