import Failure

/// The options that stand before the command (cli.md §1).
struct GlobalOptions: Sendable {
    var help = false
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

    private mutating func read(_ word: String) throws(Failure) {
        switch word {
        case "--help": help = true
        case "--version": version = true
        case "--verbose": verbose = true
        case _ where word.hasPrefix("--"): throw GlobalOptions.unknown(word)
        default:
            for letter in word.dropFirst() {
                switch letter {
                case "h": help = true
                case "v": verbose = true
                case "E": structuredErrors = true
                default: throw GlobalOptions.unknown("-\(letter)")
                }
            }
        }
    }

    private static func unknown(_ word: String) -> Failure {
        Failure(.option, "unknown option: \"\(word)\"", hint: "imgadm help shows the options")
    }
}
