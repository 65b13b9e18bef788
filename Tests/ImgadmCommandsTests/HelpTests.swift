import ArgumentParser
import JSON
import Terminal
import Testing

@testable import ImgadmCommands

/// How the help of commands is laid out.
@Suite struct HelpTests {
    @Test(arguments: CommandList.names) func helpIsLaidOutForItsWidth(name: String) throws {
        let entry = try #require(CommandList.find(name))
        for width in [40, 59, 60, 80, 100] {
            let text = Self.help(of: entry.type, width)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first?.hasPrefix("USAGE: ") == true, "\(text)")
            let examples = lines.firstIndex(of: "EXAMPLES:") ?? lines.endIndex
            // What is one word, as a URL is, is not broken.
            #expect(
                lines.allSatisfy { line in
                    let words = line.split(separator: " ").filter { $0 != "\\" }
                    return line.count <= width || words.count == 1
                }, "\(text)")
            // In narrow lines, no text has less than half of them.
            #expect(width >= 60 || lines[..<examples].allSatisfy { $0.prefix { $0 == " " }.count <= 11 }, "\(text)")
            #expect(lines[examples...].dropFirst().allSatisfy { $0.isEmpty || $0.hasPrefix("  ") }, "\(text)")
            #expect(!text.contains("OVERVIEW") && !text.contains("\n\n\n"), "\(text)")
        }
    }

    @Test(arguments: [40, 60, 80, 100]) func theOverviewIsLaidOutForItsWidth(width: Int) {
        let text = HelpText.overview(width: width)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= width }, "\(text)")
        // Nothing is lost in narrow lines.
        func words(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }
        #expect(words(text) == words(HelpText.overview(width: 100)))
    }

    @Test(arguments: CommandList.names) func narrowHelpHasAllWords(name: String) throws {
        let entry = try #require(CommandList.find(name))
        func words(_ width: Int) -> [Substring] {
            Self.help(of: entry.type, width).split(whereSeparator: \.isWhitespace).filter { $0 != "\\" }
        }
        #expect(words(40) == words(100))
    }

    @Test(arguments: [40, 80, 120]) func fieldsAreToldInLinesOfTheTerminal(width: Int) {
        let lines = Listing.fieldHelp(width: width, header: true).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
        #expect(lines.first == "FIELD            MEANING", "\(lines)")
        func words(_ width: Int) -> [Substring] {
            Listing.fieldHelp(width: width, header: false).split(whereSeparator: \.isWhitespace)
        }
        #expect(words(width) == words(1000))
    }

    /// A command goes on in the next line as a shell reads it, and is not parted within quotes.
    @Test func examplesCanBePasted() {
        func typed(_ text: String) -> String { TextLines.typed(text, width: 20, first: "  ", rest: "    ") }
        #expect(typed("imgadm list -H") == "  imgadm list -H")
        #expect(typed("imgadm set x='a b c' 'd e'") == "  imgadm set \\\n    x='a b c' \\\n    'd e'")
        #expect(typed("imgadm 0123456789abcdefgh y") == "  imgadm \\\n    0123456789abcdefgh \\\n    y")
    }

    private static func help(of type: any ImgadmCommand.Type, _ width: Int) -> String {
        func text<Command: ImgadmCommand>(_ type: Command.Type) -> String { CommandHelp(of: type, width: width).text }
        return text(type)
    }

    /// The ways to call a command name the options that it declares, by one of their names, and no others; those with a value are
    /// known to whoever takes joined letters apart.
    @Test func theUsageHasTheOptions() throws {
        let dump = try #require(try GlobalOptions.split(["--experimental-dump-help"]).0.dump)
        let commands = try JSONValue(parsing: dump)["command"]?["subcommands"]?.arrayValue ?? []
        for entry in CommandList.all {
            let command = try #require(commands.first { $0["commandName"]?.stringValue == entry.name })
            let options = (command["arguments"]?.arrayValue ?? []).filter { $0["kind"] != "positional" }
            var letters: Set<Character> = []
            var known: Set<String> = []
            let usage = entry.type.configuration.usage ?? ""
            let told = Set(
                usage.split { $0.isWhitespace || "[]|…".contains($0) }.map(String.init)
                    .filter { $0.hasPrefix("-") && $0.count > 1 })
            for option in options {
                let names = (option["names"]?.arrayValue ?? []).compactMap { name -> String? in
                    name["name"]?.stringValue.map { (name["kind"] == "long" ? "--" : "-") + $0 }
                }
                known.formUnion(names)
                if option["kind"] == "option" { letters.formUnion(names.filter { $0.count == 2 }.compactMap(\.last)) }
                #expect(names.contains("--help") || !told.isDisjoint(with: names), "\(entry.name): \(names)")
            }
            #expect(told.isSubset(of: known), "\(entry.name): \(told.subtracting(known))")
            #expect(Set(entry.type.valueLetters) == letters, "\(entry.name)")
        }
    }

    @Test func wordsFillLines() {
        #expect(TextLines.filled(["a", "bb", "ccc"], width: 4) == "a bb\nccc")
        #expect(TextLines.filled(["a", "b"], width: 3, first: "x: ", rest: "   ") == "x: a\n   b")
        #expect(TextLines.filled(["longer"], width: 2) == "longer" && TextLines.filled([], width: 2) == "")
    }
}
