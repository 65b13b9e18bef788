/// Ranges of a file that were used. What lies side by side is one, so a disk that was written about in its order has few.
struct UsedRanges {
    /// Ascending, and none touches the next.
    private var ranges: [Range<UInt64>] = []

    /// Those that are kept. Of more, the first ones are forgotten: what they say once more is then only counted.
    static let most = 4096

    /// Takes one to them.
    ///
    /// - Returns: false if a byte of it was used before.
    mutating func insert(_ range: Range<UInt64>) -> Bool {
        guard !range.isEmpty else { return true }
        let index = firstEnding(behind: range.lowerBound)
        var joined = range
        var replaced = index..<index
        if index < ranges.count {
            guard range.upperBound <= ranges[index].lowerBound else { return false }
            if range.upperBound == ranges[index].lowerBound {
                joined = joined.lowerBound..<ranges[index].upperBound
                replaced = index..<(index + 1)
            }
        }
        if index > 0, ranges[index - 1].upperBound == range.lowerBound {
            joined = ranges[index - 1].lowerBound..<joined.upperBound
            replaced = (index - 1)..<replaced.upperBound
        }
        ranges.replaceSubrange(replaced, with: CollectionOfOne(joined))
        if ranges.count > Self.most { ranges.removeFirst() }
        return true
    }

    /// What is left of the first so many bytes, in whole grains, each run of them one.
    func unused(of count: Int, by grain: Int) -> [Range<Int>] {
        var left: [Range<Int>] = []
        func add(_ start: Int, _ end: Int) {
            guard start < end else { return }
            let lower = start / grain * grain
            let upper = min(count, (end + grain - 1) / grain * grain)
            if let last = left.last, last.upperBound >= lower {
                left[left.count - 1] = last.lowerBound..<max(last.upperBound, upper)
            } else {
                left.append(lower..<upper)
            }
        }
        var place = 0
        for range in ranges {
            add(place, min(count, Int(clamping: range.lowerBound)))
            place = Int(clamping: range.upperBound)
        }
        add(place, count)
        return left
    }

    private func firstEnding(behind place: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > place { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
