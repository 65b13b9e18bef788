/// A range of semantic versions in the notation of npm: `~2`, `1.x`, `>=1.0.0 <3`, `1 - 2`, `^1.2 || 2.0.0`, `*`.
///
/// It answers for whole versions `N.0.0` only, which are all that the server has.
struct VersionRange {
    /// Alternatives, of which each is a list of conditions that must all hold.
    private let alternatives: [[Condition]]

    /// Nil if the text is no range.
    init?(_ text: String) {
        var alternatives: [[Condition]] = []
        for alternative in Self.split(text) {
            guard let conditions = Self.conditions(alternative) else { return nil }
            alternatives.append(conditions)
        }
        self.alternatives = alternatives
    }

    /// Whether version `major.0.0` is in it.
    func contains(major: Int) -> Bool {
        let version = [major, 0, 0]
        return alternatives.contains { $0.allSatisfy { $0.holds(version) } }
    }

    /// From a version, which counts, to another, which does not.
    private struct Condition {
        var from: [Int] = [0, 0, 0]
        var to: [Int]?

        func holds(_ version: [Int]) -> Bool {
            !version.lexicographicallyPrecedes(from) && (to.map { version.lexicographicallyPrecedes($0) } ?? true)
        }
    }

    private static func split(_ text: String) -> [Substring] {
        var alternatives: [Substring] = []
        var rest = text[...]
        while let bars = rest.firstRange(of: "||") {
            alternatives.append(rest[..<bars.lowerBound])
            rest = rest[bars.upperBound...]
        }
        return alternatives + [rest]
    }

    private static func conditions(_ text: Substring) -> [Condition]? {
        let words = text.split(whereSeparator: \.isWhitespace)
        if words.count == 3, words[1] == "-" {
            guard let first = Partial(words[0]), let last = Partial(words[2]) else { return nil }
            return [Condition(from: first.lowest, to: last.above)]
        }
        var conditions: [Condition] = []
        var pending: Substring = ""
        for word in words {
            // A blank may stand between an operator and its version.
            let isOperator = word.allSatisfy { "<>=~^".contains($0) }
            if isOperator {
                guard pending.isEmpty else { return nil }
                pending = word
                continue
            }
            guard let condition = condition(pending + word) else { return nil }
            conditions.append(condition)
            pending = ""
        }
        return pending.isEmpty ? conditions : nil
    }

    private static func condition(_ word: Substring) -> Condition? {
        let sign = word.prefix { "<>=~^".contains($0) }
        guard let partial = Partial(word.dropFirst(sign.count)) else { return nil }
        switch sign {
        case "", "=": return Condition(from: partial.lowest, to: partial.above)
        case ">=": return Condition(from: partial.lowest)
        case "<": return Condition(to: partial.lowest)
        // Above everything: nothing is.
        case ">": return Condition(from: partial.above ?? [.max, 0, 0])
        case "<=": return Condition(to: partial.above)
        case "~", "~>":
            return Condition(
                from: partial.lowest,
                to: partial.parts.count < 2 ? partial.above : [partial.lowest[0], partial.lowest[1] + 1, 0])
        case "^": return Condition(from: partial.lowest, to: partial.compatibleAbove)
        default: return nil
        }
    }

    /// A version of which the last parts may be missing or `x`.
    private struct Partial {
        let parts: [Int]
        /// A pre-release comes before the version of its numbers.
        let isPrerelease: Bool

        init?(_ text: Substring) {
            var text = text.prefix { $0 != "+" }
            if let first = text.first, first == "v" || first == "=" { text = text.dropFirst() }
            let numbers = text.prefix { $0 != "-" }
            isPrerelease = numbers.count < text.count
            var parts: [Int] = []
            var isOpen = false
            let words = numbers.split(separator: ".", omittingEmptySubsequences: false)
            guard words.count <= 3 else { return nil }
            for word in words {
                if word == "x" || word == "X" || word == "*" {
                    isOpen = true
                } else if word.utf8.count <= 9, word.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }),
                    let number = Int(word)
                {
                    if !isOpen { parts.append(number) }
                } else {
                    return nil
                }
            }
            guard !isPrerelease || parts.count == 3 else { return nil }
            self.parts = parts
        }

        var lowest: [Int] { parts + Array(repeating: 0, count: 3 - parts.count) }

        /// The lowest version that no longer matches; nil if everything does.
        var above: [Int]? {
            if isPrerelease { return lowest }
            return parts.isEmpty ? nil : raised(at: parts.count - 1)
        }

        /// For `^`: the first number that is not 0 may not change.
        var compatibleAbove: [Int]? {
            parts.isEmpty ? nil : raised(at: parts.firstIndex { $0 != 0 } ?? parts.count - 1)
        }

        private func raised(at index: Int) -> [Int] {
            lowest.enumerated().map { $0 < index ? $1 : $0 == index ? $1 + 1 : 0 }
        }
    }
}
