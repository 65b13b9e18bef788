import Failure
import Host
import SendStream

/// Puts together the content of files to which several streams contribute, each in a range of its own of a file on the disk.
struct ContentMerger: FileContentVisitor {
    private struct Region {
        let start: UInt64
        /// How far something was written.
        var reached: UInt64 = 0
    }

    private var regions: [UInt64: Region] = [:]
    private let scratch: ScratchFile
    private static let zeros = [UInt8](repeating: 0, count: 1 << 16)

    /// - Throws: `FileSystemError` if the files together are larger than any file.
    init(_ objects: [UInt64], in tree: FileSystemTree) throws {
        scratch = try ScratchFile()
        var end: UInt64 = 0
        for object in objects {
            regions[object] = Region(start: end)
            // Holes in the file cost nothing.
            let size = ((tree.size(of: object) ?? 0) | 0xffff) + 1
            let (sum, overflow) = end.addingReportingOverflow(size)
            guard !overflow, sum < UInt64(Int64.max) / 2 else {
                throw Failure(.fileSystem, "files that an increment changes are larger than any file can be")
            }
            end = sum
        }
    }

    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) throws {
        guard var region = regions[object] else { return }
        try scratch.write(bytes, at: region.start + offset)
        region.reached = max(region.reached, offset + UInt64(bytes.byteCount))
        regions[object] = region
    }

    mutating func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) throws {
        guard let region = regions[object] else { return }
        var place = offset
        // Behind what was written, all is zero.
        let end = min(end ?? .max, region.reached)
        while place < end {
            let count = Int(min(end - place, UInt64(Self.zeros.count)))
            try unsafe scratch.write(Self.zeros.span.bytes.extracting(0..<count), at: region.start + place)
            place += UInt64(count)
        }
    }

    /// Hands on what there is of a file but zeros.
    func read(_ object: UInt64, _ body: (RawSpan, UInt64) throws -> Void) throws {
        guard let region = regions[object] else { return }
        var buffer = Self.zeros
        var place: UInt64 = 0
        while place < region.reached {
            let count = Int(min(region.reached - place, UInt64(buffer.count)))
            try unsafe buffer.withUnsafeMutableBytes {
                try unsafe scratch.read(
                    at: region.start + place, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
            }
            if buffer[..<count].contains(where: { $0 != 0 }) {
                let bytes = buffer
                try unsafe body(bytes.span.bytes.extracting(0..<count), place)
            }
            place += UInt64(count)
        }
    }
}
