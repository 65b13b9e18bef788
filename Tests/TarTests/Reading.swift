import Tar
import TestArchives
import Testing

/// An entry as it came, with its content.
struct Seen: Equatable {
    struct Piece: Equatable {
        var offset: UInt64
        var bytes: [UInt8]
    }

    var path: [UInt8]
    var kind: TarEntry.Kind
    var linkTarget: [UInt8]
    var mode: UInt32
    var uid: UInt32
    var gid: UInt32
    var size: UInt64
    var isSparse: Bool
    var modified: TarTime
    var device: [UInt32]
    var attributes: [String: [UInt8]]
    /// Unbroken runs, however many pieces they came in.
    var content: [Piece] = []
    var isComplete = false

    init(_ entry: TarEntry) {
        path = entry.path
        kind = entry.kind
        linkTarget = entry.linkTarget
        mode = entry.mode
        uid = entry.uid
        gid = entry.gid
        size = entry.size
        isSparse = entry.isSparse
        modified = entry.modified
        device = [entry.deviceMajor, entry.deviceMinor]
        attributes = Dictionary(
            entry.extendedAttributes.map { (String(decoding: $0.name, as: UTF8.self), $0.value) },
            uniquingKeysWith: { $1 })
    }

    var name: String { String(decoding: path, as: UTF8.self) }
    var target: String { String(decoding: linkTarget, as: UTF8.self) }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The file as it is read, with zeros for its holes.
    var bytes: [UInt8] {
        var all = zeros(Int(size))
        for piece in content {
            all.replaceSubrange(Int(piece.offset)..<(Int(piece.offset) + piece.bytes.count), with: piece.bytes)
        }
        return all
    }
}

/// What came of reading an archive.
struct Reading: Equatable {
    var entries: [Seen] = []
    var error: TarError?

    var names: [String] { entries.map(\.name) }
}

/// Takes down what comes, and holds the reader to its promises.
struct Recorder: TarVisitor {
    var entries: [Seen] = []
    var brokenPromises: [String] = []

    private mutating func promise(_ isKept: Bool, _ what: String) { if !isKept { brokenPromises.append(what) } }

    mutating func begin(_ entry: TarEntry) {
        promise(entries.last?.isComplete != false, "an entry begins before the last one ended")
        promise(!entry.path.isEmpty && !entry.path.contains(0), "a path is empty or has a NUL")
        promise(!entry.linkTarget.contains(0), "the target of a link has a NUL")
        promise(
            entry.linkTarget.isEmpty == ![.symbolicLink, .hardLink].contains(entry.kind),
            "links have a target, others none")
        promise(entry.kind == .file || entry.size == 0, "something else than a file has a size")
        promise(entry.mode <= 0o7777 && entry.modified.nanoseconds < 1_000_000_000, "mode or time out of range")
        entries.append(Seen(entry))
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) {
        guard let last = entries.indices.last else { return promise(false, "content without an entry") }
        promise(!entries[last].isComplete, "content after the end of an entry")
        promise(entries[last].kind == .file && bytes.byteCount > 0, "content that is nothing, or of nothing")
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
        promise(!overflow && end <= entries[last].size, "content behind the end of the file")
        let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        guard let piece = entries[last].content.indices.last else {
            entries[last].content.append(Seen.Piece(offset: offset, bytes: copy))
            return
        }
        let reached = entries[last].content[piece].offset + UInt64(entries[last].content[piece].bytes.count)
        promise(offset >= reached, "content does not ascend")
        if offset == reached {
            entries[last].content[piece].bytes += copy
        } else {
            entries[last].content.append(Seen.Piece(offset: offset, bytes: copy))
        }
    }

    mutating func end() {
        guard let last = entries.indices.last, !entries[last].isComplete else {
            return promise(false, "an end without a beginning")
        }
        entries[last].isComplete = true
        let sum = entries[last].content.reduce(0) { $0 + $1.bytes.count }
        promise(entries[last].isSparse || UInt64(sum) == entries[last].size, "a file is not complete")
    }
}

/// Reads an archive cut in many ways, and expects the same of each.
func read(
    _ bytes: [UInt8], limits: TarLimits = TarLimits(), chunks: [Int] = [1, 7, 511, 512, 513],
    at location: SourceLocation = #_sourceLocation
) -> Reading {
    let whole = read(bytes, limits: limits, chunk: max(bytes.count, 1), at: location)
    for chunk in chunks {
        let cut = read(bytes, limits: limits, chunk: chunk, at: location)
        #expect(cut == whole, "in chunks of \(chunk)", sourceLocation: location)
    }
    return whole
}

private func read(_ bytes: [UInt8], limits: TarLimits, chunk: Int, at location: SourceLocation) -> Reading {
    var reader = TarReader(limits: limits)
    var recorder = Recorder()
    var reading = Reading()
    do {
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let piece = Array(bytes[start..<min(start + chunk, bytes.count)])
            try unsafe reader.feed(piece.span.bytes, to: &recorder)
        }
        try reader.finish(to: &recorder)
        #expect(recorder.entries.last?.isComplete != false, "the last entry never ended", sourceLocation: location)
        #expect(reader.entryCount >= recorder.entries.count, sourceLocation: location)
    } catch let error as TarError {
        reading.error = error
        #expect(error.offset <= UInt64(bytes.count) && error.offset.isMultiple(of: 512), sourceLocation: location)
    } catch {
        Issue.record("another error: \(error)", sourceLocation: location)
    }
    #expect(recorder.brokenPromises.isEmpty, sourceLocation: location)
    reading.entries = recorder.entries
    return reading
}
