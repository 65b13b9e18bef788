import Testing

@testable import ImgadmCommands

/// How the help of commands is laid out.
@Suite struct HelpTests {
    @Test(arguments: CommandList.names) func helpIsLaidOutForItsWidth(name: String) throws {
        let entry = try #require(CommandList.find(name))
        for width in [80, 100] {
            let text = Self.help(of: entry.type, width)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first?.hasPrefix("USAGE: ") == true, "\(text)")
            let examples = lines.firstIndex(of: "EXAMPLES:") ?? lines.endIndex
            // A command is typed as it stands: only it may be longer.
            #expect(lines[..<examples].allSatisfy { $0.count <= width }, "\(text)")
            #expect(lines[examples...].dropFirst().allSatisfy { $0.isEmpty || $0.hasPrefix("  ") }, "\(text)")
            #expect(!text.contains("OVERVIEW") && !text.contains("\n\n\n"), "\(text)")
        }
        #expect(Self.help(of: entry.type, 40).count > 100)
    }

    private static func help(of type: any ImgadmCommand.Type, _ width: Int) -> String {
        func text<Command: ImgadmCommand>(_ type: Command.Type) -> String { CommandHelp(of: type, width: width).text }
        return text(type)
    }

    @Test func wordsFillLines() {
        #expect(TextLines.filled(["a", "bb", "ccc"], width: 4) == "a bb\nccc")
        #expect(TextLines.filled(["a", "b"], width: 3, first: "x: ", rest: "   ") == "x: a\n   b")
        #expect(TextLines.filled(["longer"], width: 2) == "longer" && TextLines.filled([], width: 2) == "")
    }
}
