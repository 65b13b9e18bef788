import Host

/// A pool whose properties hold what a test wants, printed as `zfs` prints them: values as they are.
struct TextPool {
    private let properties: [String: [String: String]]
    private let source: String

    /// - Parameters:
    ///   - properties: by dataset or snapshot.
    ///   - source: of all user properties.
    init(_ properties: [String: [String: String]], source: String = "local") {
        self.properties = properties
        self.source = source
    }

    var host: FakeZFS { FakeZFS { command, _ in answer(command.arguments) } }

    private func answer(_ words: [String]) -> CommandOutcome {
        let columns = words.firstIndex(of: "-o").map { words[$0 + 1] } ?? ""
        let rest = words.drop { $0 != columns }.dropFirst()
        let asked = rest.filter { $0.hasPrefix("tank") }
        let names = asked.isEmpty ? properties.keys.sorted() : asked
        var lines = ""
        for name in names where properties[name] != nil {
            // `list` has a line for each, `get` one for each property.
            let ofLines = words.first == "list" ? [""] : rest.first?.split(separator: ",").map(String.init) ?? []
            for property in ofLines {
                let cells = columns.split(separator: ",").map { cell(String($0), name, property) }
                lines += cells.joined(separator: "\t") + "\n"
            }
        }
        let missing = names.filter { properties[$0] == nil }.map { "cannot open '\($0)': dataset does not exist\n" }
        return missing.isEmpty ? .prints(lines) : .fails(missing.joined(), output: lines)
    }

    private func cell(_ column: String, _ name: String, _ property: String) -> String {
        switch column {
        case "name": return name
        case "property": return property
        case "source": return property.contains(":") ? source : "-"
        default: break
        }
        let wanted = column == "value" ? property : column
        if let value = properties[name]?[wanted] { return value }
        return switch wanted {
        case "type": name.contains("@") ? "snapshot" : "filesystem"
        case "guid": "1"
        case "mounted": "yes"
        default: "-"
        }
    }
}
