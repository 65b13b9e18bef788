import DiskImage
import SendStream

/// What must be known of a disk before its stream can begin: its size, and the digest of its content. Reading and hashing take about
/// the same time, and are done side by side.
struct ContentSurvey {
    let size: UInt64
    let digest: [UInt8]
    let mark: ContentMark

    /// Bytes that are hashed at a time.
    private static let batchBytes = 4 << 20

    init(_ content: VolumeContent) async throws {
        var batch = Batch()
        var mark = ContentMark()
        var size: UInt64?
        var digest = SendStream.ContentDigest()
        while size == nil {
            let full = batch
            let before = digest
            batch = Batch()
            async let hashed = Self.hash(full, before)
            // What was read before is hashed meanwhile.
            while size == nil, batch.byteCount < Self.batchBytes { size = try content.step(to: &batch) }
            digest = try await hashed
            for (bytes, offset) in batch.pieces { unsafe mark.add(bytes.span.bytes, at: offset) }
        }
        self.digest = try await Self.hash(batch, digest).finalize()
        self.size = size ?? 0
        self.mark = mark
    }

    @concurrent
    private static func hash(
        _ batch: Batch, _ digest: SendStream.ContentDigest
    ) async throws -> SendStream.ContentDigest {
        try Task.checkCancellation()
        var digest = digest
        for (bytes, offset) in batch.pieces { try unsafe digest.add(bytes.span.bytes, at: offset) }
        return digest
    }

    private struct Batch: DiskVisitor, Sendable {
        var pieces: [(bytes: [UInt8], offset: UInt64)] = []
        var byteCount = 0

        mutating func data(_ bytes: RawSpan, at offset: UInt64) {
            byteCount += bytes.byteCount
            pieces.append((unsafe bytes.withUnsafeBytes { unsafe Array($0) }, offset))
        }
    }
}
