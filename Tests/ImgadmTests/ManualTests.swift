import Host
import SystemPackage
import TestHost
import Testing

/// The help and the manual know the same commands and options.
@Suite struct ManualTests {
    /// The options of a line of help: `-o`, `--format`.
    private static func options(inHelp text: String) -> Set<String> {
        var found: Set<String> = []
        for line in text.split(separator: "\n") where line.hasPrefix("  -") {
            // What stands before the explanation: `  -q, --quiet <x>   …`
            let head = line.dropFirst(2).split(separator: "  ").first ?? ""
            for word in head.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "/" }) where word.hasPrefix("-") {
                found.insert(String(word.prefix { $0 != "=" && $0 != "<" }))
            }
        }
        return found.subtracting(["-h", "--help", "--version"])
    }

    /// The options that the manual's paragraphs of a command name, by mdoc's `Fl`.
    private static func options(inManual text: some StringProtocol) -> Set<String> {
        var found: Set<String> = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            for (word, next) in zip(words, words.dropFirst()) where word == "Fl" || word == ".Fl" {
                if next.hasPrefix("-") {
                    found.insert("-" + next)
                } else {
                    for letter in next where letter.isLetter { found.insert("-\(letter)") }
                }
            }
        }
        return found
    }

    private static func manual() throws -> [String: String] {
        // Tests run in the folder of the package.
        let bytes = try #require(try HostFile.read("docs/imgadm.8"))
        let text = String(decoding: bytes, as: UTF8.self)
        let commands = try #require(text.split(separator: ".Sh COMMANDS").last?.split(separator: "\n.Sh ").first)
        var found: [String: String] = [:]
        var name = ""
        for line in commands.split(separator: "\n") {
            // The end of the last paragraph: what follows is about listings.
            if line == ".El", name == "completion" { break }
            if line.hasPrefix(".It Cm ") { name = String(line.dropFirst(7).prefix { $0 != " " }) }
            found[name, default: ""] += line + "\n"
        }
        // An alias stands below the first name of its command, and what both do below that.
        for (alias, command) in [("available", "avail"), ("info", "get"), ("destroy", "delete")] {
            found[command, default: ""] += found.removeValue(forKey: alias) ?? ""
        }
        return found
    }

    /// What the manual tells once for all listings.
    private static let ofListings: Set = ["--json"]

    @Test func helpAndManualAgree() async throws {
        let manual = try Self.manual()
        let overview = try await Tool.run(Binaries.imgadm, "help")
        let commands =
            overview.split(separator: "COMMANDS\n").last?.split(separator: "\n").prefix { $0.hasPrefix("  ") }
            .compactMap { $0.split(separator: " ").first.map(String.init) } ?? []
        #expect(commands.count > 15)
        #expect(Set(manual.keys).subtracting([""]) == Set(commands))
        for command in commands {
            let help = Self.options(inHelp: try await Tool.run(Binaries.imgadm, "help", command))
            let told = Self.options(inManual: manual[command] ?? "")
            #expect(help.subtracting(told).subtracting(Self.ofListings) == [], "\(command): not in the manual")
            #expect(told.subtracting(help) == [], "\(command): not in the help")
        }
    }
}
