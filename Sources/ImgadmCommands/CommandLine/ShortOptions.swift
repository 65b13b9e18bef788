/// Short options as they may be written together (cli.md §1): flags cluster (`-jH`), the last letter may take a value
/// (`-Ho uuid`), and the value may be joined to it (`-ouuid`, `-Houuid`).
struct ShortOptions {
    /// The letters that take a value.
    let valueLetters: String

    /// The words with each short option on its own.
    func expand(_ words: [String]) -> [String] {
        var result: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" { return result + [word] + rest }
            guard word.hasPrefix("-"), !word.hasPrefix("--"), word.count > 1 else {
                result.append(word)
                continue
            }
            var letters = word.dropFirst()
            while let letter = letters.popFirst() {
                result.append("-\(letter)")
                guard valueLetters.contains(letter) else { continue }
                if !letters.isEmpty {
                    result.append(String(letters))
                } else if let value = rest.popFirst() {
                    result.append(value)
                }
                break
            }
        }
        return result
    }
}
