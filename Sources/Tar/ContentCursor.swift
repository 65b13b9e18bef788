/// Where in a file the next bytes of the archive belong.
struct ContentCursor {
    private let regions: [SparseMap.Region]
    private var index = 0
    /// Bytes of the current region that have come.
    private var come: UInt64 = 0

    init(_ map: SparseMap) {
        regions = map.regions
        skipEmpty()
    }

    var isDone: Bool { index == regions.count }

    /// Hands on as much as belongs together.
    ///
    /// - Returns: how many bytes were taken.
    mutating func hand(_ bytes: RawSpan, to visitor: inout some TarVisitor) throws -> Int {
        let region = regions[index]
        let count = Int(min(UInt64(bytes.byteCount), region.count - come))
        try visitor.content(bytes.extracting(0..<count), at: region.offset + come)
        come += UInt64(count)
        if come == region.count {
            index += 1
            come = 0
            skipEmpty()
        }
        return count
    }

    private mutating func skipEmpty() {
        while index < regions.count, regions[index].count == 0 { index += 1 }
    }
}
