/// What the beginning of a file unpacks to: for whoever wants to know what the file is, and has not all of it.
public struct UnpackedBeginning: Sendable {
    /// How the file is packed, by its first bytes.
    public let format: CompressionFormat
    /// The first unpacked bytes: all that the beginning unpacks to, or 8 MiB of it and a bit more.
    public private(set) var bytes: [UInt8]
    /// The file unpacks to no more than these.
    public private(set) var isWhole: Bool

    /// How many bytes of a file are looked at; the next of them where one does not unpack to ``enough``. A block of bzip2 may take
    /// more than the first, and comes out only once all of it is there; in front of the content, gzip may have a name of any length, and zstd
    /// frames that are skipped.
    public static let lengths = [256 << 10, 1 << 20, 4 << 20]
    /// The most bytes of a file that are looked at.
    public static let longest = lengths.max() ?? 0
    /// Unpacked bytes by which all kinds of images and file systems are known.
    public static let enough = 128 << 10
    /// A little can become much, and this much has the tables of any disk that has them in front.
    private static let most = 8 << 20

    /// - Parameters:
    ///   - packed: the first bytes of the file.
    ///   - isWhole: there are no more of it.
    /// - Throws: `CompressionError` for what cannot be unpacked.
    public init(of packed: [UInt8], isWhole: Bool) throws {
        try self.init(of: packed, isWhole: isWhole, upTo: Self.most)
    }

    private init(of packed: [UInt8], isWhole: Bool, upTo most: Int) throws {
        format = CompressionFormat.sniff(packed)
        guard format != .none else {
            (bytes, self.isWhole) = (packed, isWhole)
            return
        }
        let decompressor = try Decompressor(inOrder: format)
        var bytes: [UInt8] = []
        func keep(_ piece: RawSpan) { unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
        var place = 0
        while place < packed.count, bytes.count < most {
            let end = min(place + 512, packed.count)
            place += try unsafe decompressor.decodePiece(packed.span.bytes.extracting(place..<end), emit: keep)
        }
        self.isWhole = false
        if isWhole, place == packed.count {
            while bytes.count < most, !self.isWhole { self.isWhole = try decompressor.finishPiece(emit: keep) }
        }
        try decompressor.flush(emit: keep)
        self.bytes = bytes
    }

    /// More of the file would not tell more of what it is.
    public var isEnough: Bool { isWhole || format == .none || bytes.count >= Self.enough }

    /// The beginning of a file is enough of it.
    public static func isEnough(_ packed: [UInt8], isWhole: Bool) -> Bool {
        do {
            return try UnpackedBeginning(of: packed, isWhole: isWhole, upTo: enough).isEnough
        } catch {
            // What follows would not mend it; whoever looks at the beginning gets this error.
            return true
        }
    }
}
