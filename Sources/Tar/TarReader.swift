/// A strict reader of tar archives: ustar, pax, and GNU's and the old format, as their bytes arrive.
///
/// The archive may be hostile. Of what the deployed readers (GNU tar, libarchive, Go's archive/tar) would make different trees
/// nothing is made; what they agree on is read as they do (docs/layers.md). Nothing is buffered but headers.
public struct TarReader {
    private let limits: TarLimits
    private var headers = EntryHeaders()
    private var step = Step.block
    /// The bytes of what is being gathered.
    private var gathered: [UInt8] = []
    /// What is to be gathered before the next step.
    private var wanted = HeaderBlock.size
    private var entry: EntryHeaders.Described?
    private var mapLines = SparseMapLines()
    private var cursor = ContentCursor(SparseMap())
    /// Bytes before the next block.
    private var padding = 0
    private var zeroBlocks = 0
    private var isFollowed = false
    private var contentBytes: UInt64 = 0
    /// Bytes read so far.
    private var position: UInt64 = 0
    /// Where the header began that is being read.
    private var start: UInt64 = 0

    /// Headers read so far.
    public private(set) var entryCount = 0

    /// How an archive ended.
    public enum Ending: Sendable, Hashable {
        /// With blocks of zeros, and nothing else behind them: tapes are filled up by zeros.
        case marked
        /// Without a block of zeros: one that was cut between two entries looks whole.
        case unmarked
        /// There is something behind the blocks of zeros.
        case followed

        /// What is said of it.
        public var remark: String? {
            switch self {
            case .marked: nil
            case .unmarked: "has no end mark: if it was cut between two files, the rest of them is missing"
            case .followed:
                "has something behind its end mark, which is not read: a second archive, maybe, as tar -i would read it"
            }
        }
    }

    /// Once all was read.
    public var ending: Ending { zeroBlocks == 0 ? .unmarked : isFollowed ? .followed : .marked }

    private enum Step {
        /// A header, or the end.
        case block
        /// The content of a header that describes the next one.
        case extended(EntryHeaders.Extension)
        /// A further block of a map of type `S`.
        case oldMap
        /// A block of a map at the head of the content.
        case contentMap
        case content
        case padding
        /// After the end.
        case ended
    }

    public init(limits: TarLimits = TarLimits()) { self.limits = limits }

    /// Reads on.
    ///
    /// - Throws: `TarError`, and whatever the visitor throws; the reader is of no use then.
    public mutating func feed(_ bytes: RawSpan, to visitor: inout some TarVisitor) throws {
        var place = 0
        while place < bytes.byteCount {
            let rest = bytes.extracting(place..<bytes.byteCount)
            let count: Int
            switch step {
            case .block, .extended, .oldMap, .contentMap:
                count = try gather(rest, for: &visitor)
            case .content:
                count = try cursor.hand(rest, to: &visitor)
                if cursor.isDone { try finishEntry(&visitor) }
            case .padding:
                count = min(padding, rest.byteCount)
                padding -= count
                if padding == 0 { step = .block }
            case .ended:
                // Whatever it is, nobody reads it; but there may be as much as there was before.
                count = rest.byteCount
                if !isFollowed { isFollowed = unsafe rest.withUnsafeBytes { unsafe $0.contains { $0 != 0 } } }
            }
            place += count
            position += UInt64(count)
        }
    }

    /// The input has ended.
    ///
    /// - Throws: `TarError` if the archive has not.
    public mutating func finish(to visitor: inout some TarVisitor) throws {
        switch step {
        // The two blocks of zeros are often left out, and some writers (umoci insert) leave out the last padding too.
        case .block where gathered.isEmpty, .padding, .ended: break
        default: throw TarError(.truncated, at: start, "in the middle of an entry")
        }
        guard !headers.isPending else { throw TarError(.truncated, at: start, "after a header for an entry") }
    }

    private mutating func gather(_ rest: RawSpan, for visitor: inout some TarVisitor) throws -> Int {
        let count = min(wanted - gathered.count, rest.byteCount)
        unsafe rest.extracting(0..<count).withUnsafeBytes { unsafe gathered.append(contentsOf: $0) }
        guard gathered.count == wanted else { return count }
        do {
            let bytes = gathered
            gathered.removeAll(keepingCapacity: wanted <= 1 << 16)
            try advance(bytes, &visitor)
        } catch let fault as UnplacedTarError {
            throw TarError(fault.reason, at: start, fault.detail)
        }
        return count
    }

    private mutating func advance(_ bytes: [UInt8], _ visitor: inout some TarVisitor) throws {
        switch step {
        case .block: try readBlock(bytes, &visitor)
        case .extended(let kind):
            try headers.add(bytes, as: kind)
            pad(UInt64(bytes.count))
        case .oldMap:
            guard var described = entry else { return }
            let isFull = try described.map.addOldRegions(bytes[..<504])
            described.mapGoesOn = bytes[504] != 0
            guard described.map.regions.count <= limits.extendedHeaderBytes / 24 else {
                throw UnplacedTarError(.limit, "a sparse file has too many regions")
            }
            guard isFull || !described.mapGoesOn else {
                throw UnplacedTarError(.badSparseMap, "it goes on after its end")
            }
            if !described.mapGoesOn { try described.map.check(size: described.entry.size, stored: described.stored) }
            try begin(described, &visitor)
        case .contentMap: try readContentMap(bytes, &visitor)
        case .content, .padding, .ended: break
        }
    }

    private mutating func readBlock(_ bytes: [UInt8], _ visitor: inout some TarVisitor) throws {
        start = position - position % UInt64(HeaderBlock.size)
        if bytes.allSatisfy({ $0 == 0 }) {
            guard !headers.isPending else { throw UnplacedTarError(.truncated, "after a header for an entry") }
            zeroBlocks += 1
            if zeroBlocks == 2 { step = .ended }
            return
        }
        guard zeroBlocks == 0 else { throw UnplacedTarError(.ambiguous, "a block of zeros stands before an entry") }
        entryCount += 1
        guard entryCount <= limits.entries else {
            throw UnplacedTarError(.limit, "it has more than \(limits.entries) entries")
        }
        let block = try HeaderBlock(bytes)
        guard let kind = EntryHeaders.announced(by: block.type) else {
            return try begin(try headers.take(block, limits), &visitor)
        }
        let size = try block.size()
        guard size <= UInt64(limits.extendedHeaderBytes) else {
            throw UnplacedTarError(.limit, "a header is larger than \(limits.extendedHeaderBytes) bytes")
        }
        step = .extended(kind)
        wanted = Int(size)
        guard size > 0 else {
            try headers.add([], as: kind)
            return pad(0)
        }
    }

    /// Goes on with an entry: its map, if that is not whole yet; else its content.
    private mutating func begin(_ described: EntryHeaders.Described, _ visitor: inout some TarVisitor) throws {
        entry = described
        wanted = HeaderBlock.size
        if described.mapGoesOn {
            step = .oldMap
        } else if described.mapIsInContent {
            guard described.stored >= UInt64(HeaderBlock.size) else {
                throw UnplacedTarError(.badSparseMap, "it is not there")
            }
            step = .contentMap
            mapLines = SparseMapLines()
        } else {
            try beginContent(described, &visitor)
        }
    }

    private mutating func readContentMap(_ bytes: [UInt8], _ visitor: inout some TarVisitor) throws {
        guard var described = entry else { return }
        let map = try mapLines.add(bytes, most: limits.extendedHeaderBytes)
        let size = UInt64(mapLines.size)
        guard let map else {
            guard size + UInt64(HeaderBlock.size) <= described.stored else {
                throw UnplacedTarError(.badSparseMap, "it does not end")
            }
            return
        }
        described.map = map
        try map.check(size: described.entry.size, stored: described.stored - size)
        try beginContent(described, &visitor)
    }

    private mutating func beginContent(
        _ described: EntryHeaders.Described, _ visitor: inout some TarVisitor
    ) throws {
        if described.entry.kind == .file, let limit = limits.contentBytes {
            let (sum, overflow) = contentBytes.addingReportingOverflow(max(described.entry.size, described.stored))
            guard !overflow, sum <= limit else {
                throw UnplacedTarError(.limit, "its files have more than \(limit) bytes")
            }
            contentBytes = sum
        }
        try visitor.begin(described.entry)
        cursor = ContentCursor(described.map)
        step = .content
        if cursor.isDone { try finishEntry(&visitor) }
    }

    private mutating func finishEntry(_ visitor: inout some TarVisitor) throws {
        try visitor.end()
        pad(entry?.stored ?? 0)
        entry = nil
    }

    private mutating func pad(_ content: UInt64) {
        let over = Int(content % UInt64(HeaderBlock.size))
        padding = over == 0 ? 0 : HeaderBlock.size - over
        step = padding == 0 ? .block : .padding
        wanted = HeaderBlock.size
    }
}
