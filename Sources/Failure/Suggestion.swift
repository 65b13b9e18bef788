/// What somebody may have meant who made a slip of the keyboard.
public enum Suggestion {
    /// The nearest word, if it is near: a letter or two off, swapped, missing or too many; whether they are capitals is no matter.
    public static func nearest(to word: String, among words: some Sequence<String>) -> String? {
        let most = word.count < 4 ? 1 : word.count > 20 ? 3 : 2
        let letters = Array(word.lowercased())
        return words.lazy.filter { $0 != word }
            .map { (word: $0, distance: distance(letters, Array($0.lowercased()))) }
            .filter { $0.distance <= most }
            .min { $0.distance < $1.distance }?.word
    }

    /// The shortest path that goes on where the word ends: `debian/13/cloud` for `debian/13`.
    private static func beginning(with word: String, among words: some Sequence<String>) -> String? {
        guard !word.isEmpty else { return nil }
        return words.filter { $0.hasPrefix("\(word)/") }.min { ($0.count, $0) < ($1.count, $1) }
    }

    /// `did you mean "WORD"?`, where a word is near.
    public static func hint(for word: String, among words: some Sequence<String>) -> String? {
        (nearest(to: word, among: words) ?? beginning(with: word, among: words)).map { "did you mean \"\($0)\"?" }
    }

    /// How many letters must be changed, put in, left out or swapped with the next.
    private static func distance(_ one: [Character], _ other: [Character]) -> Int {
        guard abs(one.count - other.count) <= 3 else { return .max }
        var before: [Int] = []
        var last = Array(0...other.count)
        for (row, letter) in one.enumerated() {
            var line = [row + 1]
            for (column, theirs) in other.enumerated() {
                var least = min(last[column + 1] + 1, line[column] + 1, last[column] + (letter == theirs ? 0 : 1))
                if row > 0, column > 0, letter == other[column - 1], one[row - 1] == theirs {
                    least = min(least, before[column - 1] + 1)
                }
                line.append(least)
            }
            (before, last) = (last, line)
        }
        return last[other.count]
    }
}
