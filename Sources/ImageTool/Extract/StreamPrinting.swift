import Failure
import SendStream

extension StreamFiles {
    /// Hands on the content of one file from its first byte to its last.
    ///
    /// - Throws: `Usage` if it is no file.
    func print(_ path: String, _ body: (RawSpan) throws -> Void) throws {
        guard let index = try indices([path]).first, let entry = tree.entry(index) else { return }
        guard entry.attributes.kind == .file else {
            throw Failure(
                .usage, "\"\(path)\" is no file", hint: "-C DIR extracts folders, links and what else there is")
        }
        try checkWhole(path)
        var output = SequentialOutput(size: entry.attributes.size)
        if (tree.content(of: entry.object)?.count ?? 0) > 1 {
            let merger = try content(of: [entry.object], to: try ContentMerger([entry.object]))
            try merger.read(entry.object) { bytes, offset in try output.add(bytes, at: offset, body) }
        } else {
            try withoutActuallyEscaping(body) { body in
                output = try content(of: [entry.object], to: Printer(output: output, body: body)).output
            }
        }
        try output.fill(to: entry.attributes.size, body)
    }
}

/// Pieces that ascend, made one run of bytes.
struct SequentialOutput {
    private let size: UInt64
    private var place: UInt64 = 0
    private static let zeros = [UInt8](repeating: 0, count: 1 << 16)

    init(size: UInt64) { self.size = size }

    mutating func add(_ bytes: RawSpan, at offset: UInt64, _ body: (RawSpan) throws -> Void) throws {
        guard offset >= place else { throw Failure(.invalidFile, "the content of a file does not ascend") }
        try fill(to: offset, body)
        try body(bytes)
        place += UInt64(bytes.byteCount)
    }

    /// Hands on what is a hole.
    mutating func fill(to end: UInt64, _ body: (RawSpan) throws -> Void) throws {
        while place < end {
            let count = Int(min(end - place, UInt64(Self.zeros.count)))
            try unsafe body(Self.zeros.span.bytes.extracting(0..<count))
            place += UInt64(count)
        }
    }
}

private struct Printer: FileContentVisitor {
    var output: SequentialOutput
    let body: (RawSpan) throws -> Void

    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) throws {
        try output.add(bytes, at: offset, body)
    }

    func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) {}
}
