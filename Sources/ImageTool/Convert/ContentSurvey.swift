import DiskImage
import Host
import SendStream

/// What must be known of a disk before its stream can begin: its size, and the digest of its content. Reading and hashing take about
/// the same time, and are done side by side.
struct ContentSurvey {
    let size: UInt64
    let digest: [UInt8]
    let mark: ContentMark

    init(_ content: VolumeContent) throws {
        var pieces = Pieces()
        size = try content.readAll(to: &pieces)
        digest = try pieces.digested().finalize()
        mark = pieces.mark
    }

    private struct Pieces: DiskVisitor {
        private(set) var mark = ContentMark()
        private let digest = SideThread(SparseDigest())
        private var waiting: [(bytes: [UInt8], offset: UInt64)] = []
        private var byteCount = 0

        /// Bytes that are handed over at a time.
        private static let batchBytes = 1 << 20

        mutating func data(_ bytes: RawSpan, at offset: UInt64) {
            mark.add(bytes, at: offset)
            waiting.append((unsafe bytes.withUnsafeBytes { unsafe Array($0) }, offset))
            byteCount += bytes.byteCount
            if byteCount >= Self.batchBytes { handOver() }
        }

        private mutating func handOver() {
            let batch = waiting
            waiting = []
            byteCount = 0
            digest.add { digest in
                for (bytes, offset) in batch { try unsafe digest.add(bytes.span.bytes, at: offset) }
            }
        }

        mutating func digested() throws -> SparseDigest {
            handOver()
            return try digest.finish()
        }
    }
}
