import Host
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Every command that a page tells one to type is one, with options that it has. What is typed as a whole is run by FirstImageTests, PastedPagesTests,
    /// ProxyTests and `make demo`, whose output is in README.md.
    @Suite struct DocumentedCommandsTests {
        /// The options of each command, as they are typed; those of none under the program's name alone.
        private static func options(_ program: String) async throws -> [String: Set<String>] {
            let dump = try JSONValue(parsing: try await Tool.run(program, "--experimental-dump-help"))
            var found: [String: Set<String>] = [:]
            func take(_ command: JSONValue, _ key: String) {
                for argument in command["arguments"]?.arrayValue ?? [] {
                    for name in argument["names"]?.arrayValue ?? [] {
                        guard let text = name["name"]?.stringValue else { continue }
                        found[key, default: []].insert((name["kind"] == "long" ? "--" : "-") + text)
                    }
                }
                found[key, default: []].formUnion(["-h", "--help", "--version"])
            }
            let root = try #require(dump["command"])
            take(root, "")
            for command in root["subcommands"]?.arrayValue ?? [] {
                take(command, command["commandName"]?.stringValue ?? "")
            }
            // imgapi-server alone is its first command.
            if let serve = found["serve"] { found[""] = serve }
            return found
        }

        /// The commands of a page: in lines that are indented as code, behind a prompt or a variable, parted as a shell parts them.
        private static func commands(_ page: String) -> [[String]] {
            let code = page.split(separator: "\n").filter {
                $0.hasPrefix("    ") || $0.hasPrefix("$ ") || $0.hasPrefix("# ")
            }
            var commands: [[String]] = []
            for line in code {
                for part in line.split(separator: " #")[0].split(whereSeparator: { "|;&()`".contains($0) }) {
                    let words = part.split(whereSeparator: { $0 == " " || $0 == "$" }).map(String.init)
                    if let program = words.first, ["imgadm", "imgapi-server"].contains(program) {
                        commands.append(words)
                    }
                }
            }
            return commands
        }

        @Test func everyCommandOfThePagesIsOne() async throws {
            let known = [
                "imgadm": try await Self.options(Binaries.imgadm),
                "imgapi-server": try await Self.options(Binaries.server),
            ]
            let pages = try await Tool.shell("ls README.md docs/*.md docs/recipes/*.md").split(separator: "\n")
            var count = 0
            for page in pages {
                let text = String(decoding: try #require(try HostFile.read(FilePath(String(page)))), as: UTF8.self)
                for words in Self.commands(text) {
                    let line = "\(page): \(words.joined(separator: " "))"
                    guard let options = known[words[0]] else { continue }
                    let first = words.dropFirst().first.flatMap { $0.hasPrefix("-") ? nil : $0 }
                    let command = first ?? ""
                    // What it said.
                    guard !command.hasSuffix(":") else { continue }
                    guard let own = options[command] else {
                        Issue.record("\(line): there is no command \"\(command)\"")
                        continue
                    }
                    count += 1
                    // A field to sort by may have a minus before it.
                    for (before, word) in zip(words, words.dropFirst())
                    where word.hasPrefix("-") && word != "-" && word != "--" && before != "-s" {
                        let name = word.split(separator: "=")[0]
                        let isKnown =
                            name.hasPrefix("--") ? own.contains(String(name)) : own.contains(String(name.prefix(2)))
                        #expect(isKnown, "\(line): \(name)")
                    }
                }
            }
            #expect(count > 100, "\(count)")
        }
    }
}
