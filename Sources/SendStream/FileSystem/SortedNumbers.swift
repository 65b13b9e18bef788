/// Numbers, ascending, in parts: to add or take away some takes work by how many those are, wherever they are and however many there
/// are.
struct SortedNumbers {
    /// None is empty.
    private var parts: [[UInt64]] = []
    private static let mostInPart = 512

    /// - Parameter number: one that is not there.
    mutating func insert(_ number: UInt64) {
        guard let last = parts.last?.last, last > number else { return append(number) }
        let index = Self.first(in: parts) { $0.last ?? 0 >= number }
        parts[index].insert(number, at: Self.first(in: parts[index]) { $0 >= number })
        guard parts[index].count > Self.mostInPart else { return }
        let second = Array(parts[index][(Self.mostInPart / 2)...])
        parts[index].removeSubrange((Self.mostInPart / 2)...)
        parts.insert(second, at: index + 1)
    }

    private mutating func append(_ number: UInt64) {
        if parts.isEmpty || parts[parts.count - 1].count == Self.mostInPart { parts.append([]) }
        parts[parts.count - 1].append(number)
    }

    /// Takes away those from one number on and before another.
    ///
    /// - Returns: which they were.
    @discardableResult
    mutating func remove(_ start: UInt64, _ end: UInt64) -> [UInt64] {
        guard start < end else { return [] }
        let first = Self.first(in: parts) { $0.last ?? 0 >= start }
        var gone: [UInt64] = []
        var index = first
        while index < parts.count, let lowest = parts[index].first, lowest < end {
            let range = Self.first(in: parts[index]) { $0 >= start }..<Self.first(in: parts[index]) { $0 >= end }
            // A part in whose gap the range lies is the last.
            if range.isEmpty { break }
            gone += parts[index][range]
            parts[index].removeSubrange(range)
            index += 1
        }
        parts.replaceSubrange(first..<index, with: parts[first..<index].filter { !$0.isEmpty })
        return gone
    }

    /// The index of the first that is so, as all behind it are.
    private static func first<Element>(in elements: [Element], where isSo: (Element) -> Bool) -> Int {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if isSo(elements[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
