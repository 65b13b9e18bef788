/// A table of numbers in an image file, read in pages, so that it costs no more memory if it is huge.
struct TableReader {
    let offset: UInt64
    let entryCount: UInt64
    private let width: Int
    private let isLittleEndian: Bool
    private let name: String
    private var page: [UInt8] = []
    private var pageIndex = UInt64.max

    private static let pageBytes = 256 << 10

    /// - Parameter width: bytes of an entry, 4 or 8.
    init(at offset: UInt64, count: UInt64, width: Int, isLittleEndian: Bool, _ name: String) {
        self.offset = offset
        entryCount = count
        self.width = width
        self.isLittleEndian = isLittleEndian
        self.name = name
    }

    /// - Parameter index: below ``entryCount``; ascending, or at least not back by more than a page.
    mutating func entry(_ index: UInt64, _ bytes: inout DiskBytes) throws -> UInt64 {
        let perPage = UInt64(Self.pageBytes / width)
        if index / perPage != pageIndex {
            pageIndex = index / perPage
            let start = pageIndex * perPage
            let count = Int(min(perPage, entryCount - start)) * width
            // Nothing is known of the offset but that it is a number.
            let (place, overflow) = offset.addingReportingOverflow(start * UInt64(width))
            guard !overflow else { throw DiskError(.badMap, at: offset, "\(name) begins beyond the end") }
            page = try bytes.bytes(at: place, count: count, name)
            try bytes.use(at: place, count: count)
        }
        let place = Int(index % perPage) * width
        return unsafe page.withUnsafeBytes { page in
            if width == 4 {
                let raw = unsafe page.loadUnaligned(fromByteOffset: place, as: UInt32.self)
                return UInt64(isLittleEndian ? UInt32(littleEndian: raw) : UInt32(bigEndian: raw))
            }
            let raw = unsafe page.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            return isLittleEndian ? UInt64(littleEndian: raw) : UInt64(bigEndian: raw)
        }
    }
}
