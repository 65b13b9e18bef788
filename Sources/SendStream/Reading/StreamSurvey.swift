/// What there is to know of a stream without making anything of it: give it to a ``StreamReader`` as its visitor.
///
/// A content that cannot be read (encrypted, an increment) does not hinder: what is wrong with it is kept, and the rest of the
/// records counted.
public struct StreamSurvey<Volume: VolumeVisitor>: StreamVisitor {
    /// Of the first snapshots, but for those of further datasets; there may be more.
    public private(set) var headers: [StreamHeader] = []
    public private(set) var snapshotCount = 0
    /// Streams that have come to their end, all checksums right.
    public private(set) var endCount = 0
    /// Bytes of blocks, unpacked and as they are in the stream.
    public private(set) var dataBytes: UInt64 = 0
    public private(set) var packedBytes: UInt64 = 0
    public private(set) var packings: Set<BlockPacking> = []
    /// The largest blocks of any object.
    public private(set) var largestBlock = 0
    /// Why the content of a volume or a file system cannot be told.
    public private(set) var contentFault: String?
    public private(set) var volume: VolumeBlocks<Volume>
    public private(set) var files: FileSystemReader
    private var content = Content.none
    private var frame = FrameDatasets()
    /// Datasets of a frame whose content is not looked at.
    public var furtherDatasets: FurtherDatasets { frame.further }

    /// The dataset that was sent is in it.
    private var hasUppermost = false

    private enum Content { case none, volume, files }

    private static var mostHeaders: Int { 64 }

    public init(volume: Volume, files: FileSystemReader) {
        self.volume = VolumeBlocks(volume)
        self.files = files
    }

    public mutating func begin(_ header: StreamHeader, properties: NameValueList?) throws {
        let isTaken = frame.takes(header)
        if header.isCompound { return }
        snapshotCount += 1
        guard isTaken else { return content = .none }
        hasUppermost = true
        if headers.count < Self.mostHeaders { headers.append(header) }
        content = contentFault == nil ? (header.kind == .volume ? .volume : .files) : .none
        attempt {
            switch $0.content {
            case .none: break
            case .volume: try $0.volume.begin(header, properties: properties)
            case .files: try $0.files.begin(header, properties: properties)
            }
        }
    }

    public mutating func record(_ record: StreamRecord, payload: RawSpan) throws {
        switch record {
        case .object(let object): largestBlock = max(largestBlock, object.blockSize)
        case .write(let write): count(write.length, payload.byteCount, write.packing)
        case .embedded(let block): count(block.length, payload.byteCount, block.packing)
        case .freeObjects, .free, .reference, .spill, .objectRange, .redact: break
        }
        switch content {
        case .none: break
        case .volume: do { try volume.record(record, payload: payload) } catch { fail(error) }
        case .files: do { try files.record(record, payload: payload) } catch { fail(error) }
        }
    }

    public mutating func end() throws {
        if snapshotCount > 0 { endCount += 1 }
        attempt {
            switch $0.content {
            case .none: break
            case .volume: try $0.volume.end()
            case .files: try $0.files.end()
            }
        }
    }

    public mutating func endFrame() {
        frame.end()
        if !hasUppermost, !furtherDatasets.names.isEmpty, contentFault == nil {
            contentFault = FurtherDatasets.withoutUppermost
        }
    }

    private mutating func count(_ length: Int, _ packed: Int, _ packing: BlockPacking?) {
        // Of a stream that is read to its end, neither comes near 2^64; of claims alone, the sum stays at its most.
        dataBytes = dataBytes.addingReportingOverflow(UInt64(length)).overflow ? .max : dataBytes + UInt64(length)
        packedBytes += UInt64(packed)
        if let packing { packings.insert(packing) }
    }

    private mutating func attempt(_ body: (inout Self) throws -> Void) {
        do { try body(&self) } catch { fail(error) }
    }

    private mutating func fail(_ error: any Error) {
        content = .none
        contentFault = (error as? UnplacedStreamError)?.detail ?? String(describing: error)
    }
}
