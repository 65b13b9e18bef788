import Compression
public import ImageModel
import SendStream
public import ZFS

/// The beginning of the file of an incremental image whose origin is installed. It tells whether the stream can be received here, so that
/// what cannot is not fetched to its end.
public struct StreamBeginning {
    /// Bytes after which it is looked at: the first tell, but where a block of bzip2 is not whole by then, or a name fills them.
    private static let lengths = [64 << 10] + UnpackedBeginning.lengths.filter { $0 > 64 << 10 }

    private let check: StreamCheck
    private var bytes: [UInt8] = []
    private var lengths = Self.lengths[...]

    /// Nil where nothing can be told before all of it is there.
    ///
    /// - Parameter originGUID: of the `@final` of the installed origin.
    public init?(of manifest: Manifest, holding content: ImageContent, in pool: PoolName, originGUID: UInt64?) {
        guard case .zfsStream = content, let originGUID,
            let origin = manifest.origin.flatMap({ DatasetName.image($0, in: pool).snapshot(finalSnapshot) })
        else { return nil }
        check = StreamCheck(manifest: manifest, origin: origin, originGUID: originGUID)
    }

    /// Takes the next bytes of the file.
    ///
    /// - Throws: as the installation would once it comes to the same bytes: `UnexpectedOrigin`, `InvalidStream`, `UnsupportedImage`.
    public mutating func feed(_ next: RawSpan) throws {
        guard let length = lengths.first else { return }
        unsafe next.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        guard bytes.count >= length else { return }
        lengths = lengths.drop { $0 <= bytes.count }
        let header = header
        if header != nil { lengths = [] }
        if lengths.isEmpty { bytes = [] }
        if let header { try check.check(header) }
    }

    /// Nil where it is not known yet, and for what is no stream: what is wrong with that, the checksum or the installation tells.
    private var header: StreamHeader? {
        var stream = SnapshotStream()
        do {
            let unpacked = try UnpackedBeginning(of: bytes, isWhole: false)
            try unsafe stream.feed(unpacked.bytes.span.bytes) { _ in }
        } catch {
            // It may have come after the header.
        }
        return stream.header
    }
}
