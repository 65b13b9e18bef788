import Crypto
import RawBytes

/// The rule for the guid of a snapshot that is made here, so that the same disk becomes the same snapshot on every host,
/// and an increment that was made on one is received on another.
///
///     content = SHA-256 of, ascending, for each 4096 bytes at a multiple of 4096 that are not all zero:
///               their offset (8 bytes), the 4096 bytes (at the content's end filled up with zeros)
///     guid    = the first 8 bytes of SHA-256 of: "imgadm volume snapshot 1" and a NUL, block size (8 bytes),
///               size of the volume (8 bytes), guid of the origin or 0 (8 bytes), content (32 bytes);
///               1, should that be 0
///
/// All numbers are little-endian. The content is that of the whole volume, of an increment too. It does not depend on the
/// block size, so whoever keeps it beside a disk need not read the disk to know the guid.
///
/// The guid stands in a stream's first record and in most that follow, before the content is known. So there are two
/// passes: one that makes the ``SparseDigest``, one that writes. Who has the bytes but once must know the digest
/// beforehand (from a manifest), makes it anew while writing, and ends the stream only if it came out the same.
public enum SnapshotGUID {
    /// - Parameters:
    ///   - content: 32 bytes, of a ``SparseDigest``.
    ///   - volumeSize: of whole blocks.
    public static func derive(content: [UInt8], blockSize: Int, volumeSize: UInt64, originGUID: UInt64?) -> UInt64 {
        var text = Array("imgadm volume snapshot 1\0".utf8)
        text += UInt64(blockSize).littleEndianBytes + volumeSize.littleEndianBytes
        text += (originGUID ?? 0).littleEndianBytes + content
        var hash = SHA256()
        unsafe text.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        let guid: UInt64 = Array(hash.finalize())[..<8].number(isLittleEndian: true)
        return max(guid, 1)
    }
}

/// The digest of a disk's content, as it comes in ascending order; see ``SnapshotGUID``.
public struct SparseDigest: Sendable {
    private var hash = SHA256()
    private var grains = BlockGatherer(blockSize: 4096)

    public init() {}

    /// - Throws: `StreamError` (`order`) if what comes does not ascend.
    public mutating func add(_ bytes: RawSpan, at offset: UInt64) throws {
        do {
            try grains.add(bytes, at: offset) { grain, start, _ in hash.add(grain, at: start) }
        } catch let fault as UnplacedStreamError {
            throw StreamError(fault.reason, at: 0, fault.detail)
        }
    }

    /// - Returns: 32 bytes.
    public consuming func finalize() -> [UInt8] {
        grains.flush { grain, start, _ in hash.add(grain, at: start) }
        return Array(hash.finalize())
    }
}

extension SHA256 {
    fileprivate mutating func add(_ grain: RawSpan, at offset: UInt64) {
        guard !grain.isZero else { return }
        unsafe offset.littleEndianBytes.withUnsafeBytes { unsafe update(bufferPointer: $0) }
        unsafe grain.withUnsafeBytes { unsafe update(bufferPointer: $0) }
    }
}
