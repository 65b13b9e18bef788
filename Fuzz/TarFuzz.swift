@testable import Tar

/// What must hold of any bytes: they are an archive or are refused, and how they were cut into chunks makes no difference.
///
/// The first byte chooses how to cut and which limits hold; the rest is the archive. Headers whose checksum is `CHECKSUM`
/// are given the right one: no mutation would come upon it.
///
/// Memory: 160 MiB: an extended header or a sparse map may have 1 MiB (`TarLimits`), and has no more than there is input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTar(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let archive = sealed(Array(bytes[1...]))
    let limits =
        bytes[0] & 1 == 0
        ? TarLimits() : TarLimits(entries: 5, contentBytes: 3000, nameLength: 120, extendedHeaderBytes: 1200)
    let whole = read(archive, limits) { Int.max }
    check(whole, archive, limits)
    var state = UInt64(bytes[0]) | 1
    let longest = [1, 3, 100, 512, 513, 2000][Int(bytes[0] >> 1) % 6]
    let cut = read(archive, limits) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % longest + 1
    }
    precondition(whole.events == cut.events, "other entries by other chunks")
    precondition(whole.error == cut.error, "\(whole.error as Any) in one piece, \(cut.error as Any) in several")
    return 0
}

private func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for block in stride(from: 0, through: bytes.count - 512, by: 512) {
        let field = (block + 148)..<(block + 156)
        guard bytes[field].elementsEqual("CHECKSUM".utf8) else { continue }
        bytes.replaceSubrange(field, with: "        ".utf8)
        let sum = bytes[block..<(block + 512)].reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        bytes.replaceSubrange(field, with: digits + [UInt8](repeating: 0, count: 8 - digits.count))
    }
    return bytes
}

private enum Event: Equatable {
    case begin(String, size: UInt64)
    case content(at: UInt64, [UInt8])
    case end
}

private struct Recorder: TarVisitor {
    var events: [Event] = []
    var entries = 0
    var total: UInt64 = 0
    var open: TarEntry?
    /// Where the content of the open file has come to.
    var place: UInt64 = 0

    mutating func begin(_ entry: TarEntry) {
        precondition(open == nil, "an entry in an entry")
        precondition(!entry.path.isEmpty && !entry.path.contains(0) && !entry.linkTarget.contains(0))
        precondition(entry.linkTarget.isEmpty == ![.symbolicLink, .hardLink].contains(entry.kind), "links have targets")
        precondition(entry.kind == .file || entry.size == 0 && !entry.isSparse, "only files have content")
        precondition(entry.size <= UInt64(Int64.max) && entry.mode <= 0o7777)
        precondition(entry.modified.nanoseconds < 1_000_000_000)
        precondition(entry.extendedAttributes.allSatisfy { !$0.name.isEmpty && !$0.name.contains(0) })
        events.append(.begin("\(entry)", size: entry.size))
        open = entry
        place = 0
        entries += 1
        total = total.addingReportingOverflow(entry.size).overflow ? .max : total + entry.size
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) {
        guard let entry = open else { preconditionFailure("content without an entry") }
        precondition(bytes.byteCount > 0 && offset >= place, "content does not ascend")
        precondition(offset == place || entry.isSparse, "a hole in a file that has none")
        precondition(entry.size - offset >= UInt64(bytes.byteCount), "content behind the end")
        let copy = bytes.withUnsafeBytes { Array($0) }
        if offset == place, case .content(let start, var before)? = events.last {
            // It is not copied for each byte that comes on its own.
            events.removeLast()
            before += copy
            events.append(.content(at: start, before))
        } else {
            events.append(.content(at: offset, copy))
        }
        place = offset + UInt64(bytes.byteCount)
    }

    mutating func end() {
        guard let entry = open else { preconditionFailure("an end without an entry") }
        precondition(entry.isSparse || place == entry.size, "a file is not complete")
        events.append(.end)
        open = nil
    }
}

private struct Reading {
    var recorder = Recorder()
    var error: TarError?
    var events: [Event] { recorder.events }
}

private func read(_ archive: [UInt8], _ limits: TarLimits, chunk: () -> Int) -> Reading {
    var reading = Reading()
    var reader = TarReader(limits: limits)
    do {
        var rest = archive[...]
        while !rest.isEmpty {
            let size = min(chunk(), rest.count)
            try reader.feed(Array(rest.prefix(size)).span.bytes, to: &reading.recorder)
            rest = rest.dropFirst(size)
        }
        try reader.finish(to: &reading.recorder)
    } catch let error as TarError {
        reading.error = error
    } catch {
        preconditionFailure("another error: \(error)")
    }
    return reading
}

private func check(_ reading: Reading, _ archive: [UInt8], _ limits: TarLimits) {
    let recorder = reading.recorder
    precondition(recorder.entries <= limits.entries, "more entries than the limit")
    precondition(recorder.total <= limits.contentBytes ?? .max, "more content than the limit")
    if let error = reading.error {
        precondition(error.offset <= archive.count && error.offset % 512 == 0 && !error.description.isEmpty)
    } else {
        precondition(recorder.open == nil, "an entry without an end")
    }
}
