/// What is kept of an object of a file system while its stream, or a chain of streams, is read.
struct StoredObject {
    var type: UInt32
    var blockSize: Int
    var bonusType: UInt32
    var bonus: StoredBytes
    var spill: StoredBytes?
    /// Of directories, and of the few objects that describe the file system.
    var names: ZAPContent?
    /// Where a symbolic link leads, if that is the object's content.
    var linkData: [UInt8]?
    /// The streams, counted from 0, that bring content of it; nil: it has none.
    var content: ClosedRange<Int>?
    /// What of its content was left out.
    var redacted = RedactedRanges()
    /// The stream that told of it last.
    var toldBy: Int

    /// Bytes in the byte order of the stream that they came in.
    struct StoredBytes {
        var bytes: [UInt8]
        var isLittleEndian: Bool
    }

    // `DMU_OT_PLAIN_FILE_CONTENTS`, `DMU_OT_DIRECTORY_CONTENTS` (dmu.h)
    static let fileType: UInt32 = 19
    static let directoryType: UInt32 = 20
    /// Directories; `DMU_OT_MASTER_NODE`, `DMU_OT_SA_MASTER_NODE`, `DMU_OT_SA_ATTR_REGISTRATION`,
    /// `DMU_OT_SA_ATTR_LAYOUTS`.
    private static let typesWithNames: Set<UInt32> = [directoryType, 21, 45, 46, 47]

    /// About what an entry of a dictionary of these takes.
    private static let overhead = 300

    init(_ record: ObjectRecord, _ bonus: StoredBytes, stream: Int) {
        type = record.type
        blockSize = record.blockSize
        bonusType = record.bonusType
        self.bonus = bonus
        names = Self.typesWithNames.contains(record.type) ? ZAPContent() : nil
        toldBy = stream
    }

    var byteCount: Int {
        Self.overhead + bonus.bytes.count + (spill?.bytes.count ?? 0) + (linkData?.count ?? 0) + redacted.byteCount
    }

    /// Its content may be where a symbolic link leads.
    var isOldLink: Bool {
        type == Self.fileType && bonusType == ZnodeAttributes.bonusType
            && ZnodeAttributes.isLink(bonus.bytes, isLittleEndian: bonus.isLittleEndian)
    }

    /// Takes the content of a range away; nil: all that follows.
    mutating func free(from offset: UInt64, to end: UInt64?, stream: Int) throws(UnplacedStreamError) {
        names?.free(from: offset, to: end)
        if let end {
            try redacted.set(offset..<end, isRedacted: false, stream: stream)
        } else {
            redacted.cut(from: offset, stream: stream)
        }
        if offset == 0 { linkData = nil }
        guard let range = content else { return }
        content = offset == 0 && end == nil ? nil : range.lowerBound...stream
    }

    /// A range has content, or would have it, were it not left out.
    mutating func touch(_ range: Range<UInt64>, isRedacted: Bool, stream: Int) throws(UnplacedStreamError) {
        content = (content?.lowerBound ?? stream)...stream
        try redacted.set(range, isRedacted: isRedacted, stream: stream)
    }
}
