import DiskImage
import Failure
import SendStream

/// A disk as the whole stream of a snapshot. Its content must be that of which the snapshot's guid was made.
struct VolumeImage: FileProducer, DiskVisitor {
    var output = ProducedBytes()
    private let content: VolumeContent
    private let expected: ContentMark
    private var writer: VolumeWriter
    private var mark = ContentMark()
    private var hasBegun = false

    /// - Parameter mark: of the content of which the guid was made.
    init(_ content: VolumeContent, _ snapshot: VolumeSnapshot, mark: ContentMark) throws {
        self.content = content
        expected = mark
        writer = try VolumeWriter(snapshot)
    }

    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws {
        mark.add(bytes, at: offset)
        try writer.write(bytes, at: offset, to: &output)
    }

    mutating func step() throws -> Bool {
        if !hasBegun {
            hasBegun = true
            try writer.begin(to: &output)
        }
        guard try content.step(to: &self) != nil else { return true }
        try writer.finish(to: &output)
        guard mark == expected else { throw ImageTool.changedMeanwhile }
        try writer.end(to: &output)
        return false
    }
}

/// A disk as the stream of an increment: the blocks that are others than in the volume that it builds on.
struct IncrementImage: FileProducer {
    var output = ProducedBytes()
    private let new: any VolumeWindows
    private let old: any VolumeWindows
    private let snapshot: VolumeSnapshot
    private let expected: ContentMark
    private var writer: VolumeWriter
    private var mark = ContentMark()
    private var hasBegun = false

    init(
        _ new: any VolumeWindows, on old: any VolumeWindows, _ snapshot: VolumeSnapshot, mark: ContentMark
    ) throws {
        self.new = new
        self.old = old
        self.snapshot = snapshot
        expected = mark
        writer = try VolumeWriter(snapshot)
    }

    mutating func step() throws -> Bool {
        if !hasBegun {
            hasBegun = true
            try writer.begin(to: &output)
        }
        let next = (new: try new.peek(), old: try old.peek())
        guard next.new != nil || next.old != nil else {
            try writer.finish(to: &output)
            guard mark == expected else { throw ImageTool.changedMeanwhile }
            try writer.end(to: &output)
            return false
        }
        let index = min(next.new ?? .max, next.old ?? .max)
        let zeros = [UInt8](repeating: 0, count: Int(VolumeWindow.bytes))
        let after = next.new == index ? try new.take() : zeros
        let before = next.old == index ? try old.take() : zeros
        let start = index * VolumeWindow.bytes
        guard start < snapshot.size else { return true }
        let count = Int(min(UInt64(after.count), snapshot.size - start))
        if next.new == index { unsafe mark.add(after.span.bytes.extracting(0..<count), at: start) }
        for place in stride(from: 0, to: count, by: snapshot.blockSize) {
            // The last block is whole in the volume: behind the disk's end are zeros, and not what the other has there.
            let block = place..<min(place + snapshot.blockSize, after.count)
            if after[block] == before[block] { continue }
            let range = place..<min(block.upperBound, count)
            let offset = start + UInt64(place)
            if after[range].contains(where: { $0 != 0 }) {
                try unsafe writer.write(after.span.bytes.extracting(range), at: offset, to: &output)
            } else {
                try writer.free(at: offset, count: UInt64(range.count), to: &output)
            }
        }
        return true
    }
}

extension ImageTool {
    static var changedMeanwhile: Failure {
        Failure(.invalidFile, "the disk's content changed while it was read", hint: "nobody may write to it meanwhile")
    }
}
