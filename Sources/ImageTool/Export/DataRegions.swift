import SendStream
import Tar

/// Where the files of a stream have data.
struct DataRegions: FileContentVisitor {
    private var regions: [UInt64: [TarWriter.Region]] = [:]

    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) {
        guard bytes.byteCount > 0 else { return }
        let end = offset + UInt64(bytes.byteCount)
        var known = regions.removeValue(forKey: object) ?? []
        if let last = known.last, last.upperBound == offset {
            known[known.count - 1] = last.lowerBound..<end
        } else {
            known.append(offset..<end)
        }
        regions[object] = known
    }

    func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) {}

    /// - Returns: nil for a file without holes.
    func regions(of object: UInt64, size: UInt64) -> [TarWriter.Region]? {
        let known = regions[object] ?? []
        return known == [0..<size] || size == 0 ? nil : known
    }
}
