/// What the `Range` header of a request asks of a file (RFC 9110, section 14).
enum ByteRange: Equatable {
    /// No range that we understand: the whole file. Several ranges at once are among what a server may ignore.
    case whole
    case part(Range<Int64>)
    /// A range that lies outside the file.
    case unsatisfiable

    init(header: String?, size: Int64) {
        self = header.flatMap { Self.parse($0, size) } ?? .whole
    }

    private static func parse(_ header: String, _ size: Int64) -> ByteRange? {
        let halves = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].lowercased() == "bytes" else { return nil }
        let ends = halves[1].split(separator: "-", omittingEmptySubsequences: false).map { $0.trimmingBlanks }
        guard ends.count == 2 else { return nil }
        if ends[0].isEmpty {
            guard let count = number(ends[1]) else { return nil }
            return count == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - count)..<size)
        }
        guard let first = number(ends[0]) else { return nil }
        guard ends[1].isEmpty else {
            guard let last = number(ends[1]), last >= first else { return nil }
            return first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable
        }
        return first < size ? .part(first..<size) : .unsatisfiable
    }

    /// Digits only; a number that is too large for a file is just that.
    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
        return Int64(text) ?? .max
    }
}

extension Substring {
    /// Without blanks and tabs at its ends.
    var trimmingBlanks: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
