@testable import SendStream

/// What must hold of any bytes: they are a stream or are refused, and how they were cut into chunks makes no difference;
/// what is read of a volume ascends and stays within its size; lists and blocks that are unpacked keep to what they say.
///
/// The first byte chooses what is tried, the second how to cut. Checksums of records that are all ones are given the right
/// value: no mutation would come upon it.
///
/// Memory: 192 MiB: blocks have 64 KiB, names and attributes 1 MiB together, lists 4 KiB (the limits below).
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSendStream(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 2 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let input = Array(bytes[2...])
    switch bytes[0] % 5 {
    case 0: tryStream(input, cut: bytes[1])
    case 1: tryStream(sealed(input), cut: bytes[1])
    case 2: tryList(input)
    case 3: tryBlock(input, bytes[1])
    default: tryFileSystem(sealed(input))
    }
    return 0
}

private func tryStream(_ stream: [UInt8], cut: UInt8) {
    let limits = StreamLimits(blockBytes: 1 << 16, propertyBytes: 1 << 12)
    let whole = read(stream, limits) { Int.max }
    var state = UInt64(cut) | 1
    let longest = [1, 3, 100, 311, 312, 313, 2000][Int(cut >> 1) % 7]
    let pieces = read(stream, limits) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % longest + 1
    }
    precondition(whole.digest == pieces.digest, "other records by other chunks")
    precondition(whole.error == pieces.error, "\(whole.error as Any) and \(pieces.error as Any)")
    if let error = whole.error { precondition(error.offset <= stream.count && !error.description.isEmpty) }
}

/// What is read of a file system is a tree, in which each directory has one name, and content lies within its file.
private func tryFileSystem(_ stream: [UInt8]) {
    let limits = FileSystemLimits(bytes: 1 << 20, depth: 50)
    var reader = FileSystemReader(limits: limits) { $0.byteCount % 3 == 0 }
    guard feed(stream, to: &reader), var tree = try? reader.tree() else { return }
    var values = FileContents(tree, of: tree.attributeObjects, to: SmallContents(of: tree))
    _ = feed(stream, to: &values)
    tree.setAttributes(values.visitor.contents)
    var directories: Set<UInt64> = []
    var paths: Set<[UInt8]> = []
    for index in 0..<tree.count {
        guard let entry = tree.entry(index) else { preconditionFailure("a name of nothing") }
        precondition(paths.insert(entry.path).inserted && tree.index(of: entry.path) == index)
        precondition(entry.attributes.kind != .directory || directories.insert(entry.object).inserted)
        precondition(entry.path.split(separator: 0x2f).allSatisfy { !$0.elementsEqual("..".utf8) && !$0.contains(0) })
    }
    // What lacks a part is not handed on, and hinders nothing else.
    let known = Set((0..<tree.count).compactMap { tree.attributes($0)?.object })
    let redacted = tree.redactedObjects
    if !redacted.isEmpty {
        var refused = FileContents(tree, to: Within(tree: tree))
        precondition(!feed(stream, to: &refused) && refused.visitor.contents.isEmpty)
    }
    var contents = FileContents(tree, of: redacted.isEmpty ? nil : known.subtracting(redacted), to: Within(tree: tree))
    _ = feed(stream, to: &contents)
    for (object, content) in contents.visitor.contents {
        var reached: UInt64 = 0
        for piece in content.pieces {
            precondition(piece.range.lowerBound >= reached && !piece.range.isEmpty, "pieces overlap")
            reached = piece.range.upperBound
        }
        precondition(reached <= tree.size(of: object) ?? 0)
    }
}

private func feed(_ stream: [UInt8], to visitor: inout some StreamVisitor) -> Bool {
    var reader = StreamReader(limits: StreamLimits(blockBytes: 1 << 16, propertyBytes: 1 << 12))
    do {
        try reader.feed(stream.span.bytes, to: &visitor)
        try reader.finish()
        return true
    } catch let error as StreamError {
        precondition(!error.description.isEmpty)
        return false
    } catch {
        preconditionFailure("another error: \(error)")
    }
}

private struct Within: FileContentVisitor {
    let tree: FileSystemTree
    private(set) var contents: [UInt64: LayeredContent] = [:]
    private var place: UInt64 = 0

    init(tree: FileSystemTree) { self.tree = tree }

    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) throws {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
        precondition(!overflow && end <= tree.size(of: object) ?? 0 && bytes.byteCount > 0)
        try contents[object, default: LayeredContent()].add(offset..<end, at: place, stream: stream)
        place += UInt64(bytes.byteCount)
    }
    mutating func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) throws {
        precondition(offset < tree.size(of: object) ?? 0 && end ?? .max > offset)
        try contents[object, default: LayeredContent()].clear(offset..<(end ?? .max), stream: stream)
    }
}

private struct Result {
    var digest = 0
    var error: StreamError?
}

private func read(_ stream: [UInt8], _ limits: StreamLimits, chunk: () -> Int) -> Result {
    var visitor = Both(volume: VolumeBlocks(Volume()))
    var result = Result()
    var reader = StreamReader(limits: limits)
    do {
        var rest = stream[...]
        while !rest.isEmpty {
            let size = min(chunk(), rest.count)
            try reader.feed(Array(rest.prefix(size)).span.bytes, to: &visitor)
            rest = rest.dropFirst(size)
        }
        try reader.finish()
        precondition(visitor.open == 0, "a stream without an end")
    } catch let error as StreamError {
        result.error = error
    } catch {
        preconditionFailure("another error: \(error)")
    }
    result.digest = visitor.hasher.finalize()
    return result
}

/// Takes down the records, and reads them as a volume's for as long as they are.
private struct Both: StreamVisitor {
    var volume: VolumeBlocks<Volume>
    var isVolume = true
    var hasher = Hasher()
    var open = 0

    mutating func begin(_ header: StreamHeader, properties: NameValueList?) throws {
        precondition(header.name.count < 256 && header.features.unknown.isEmpty)
        hasher.combine(header)
        hasher.combine(properties)
        open += 1
        tryVolume { try $0.begin(header, properties: properties) }
    }

    mutating func record(_ record: StreamRecord, payload: RawSpan) throws {
        precondition(open == 1 && payload.byteCount <= 1 << 16)
        hasher.combine(record)
        payload.withUnsafeBytes { hasher.combine(bytes: $0) }
        guard isVolume else { return }
        do { try volume.record(record, payload: payload) } catch { fail(error) }
    }

    mutating func end() throws {
        precondition(open == 1)
        open = 0
        hasher.combine("end")
        tryVolume { try $0.end() }
    }

    private mutating func tryVolume(_ work: (inout VolumeBlocks<Volume>) throws -> Void) {
        guard isVolume else { return }
        do { try work(&volume) } catch { fail(error) }
    }

    private mutating func fail(_ error: any Error) {
        guard let fault = error as? UnplacedStreamError else { preconditionFailure("another error: \(error)") }
        isVolume = false
        hasher.combine(fault.detail)
    }
}

private struct Volume: VolumeVisitor {
    var reached: UInt64 = 0
    var hasBegun = false

    mutating func begin(_ header: StreamHeader, blockSize: Int?) {
        precondition(!hasBegun)
        hasBegun = true
    }
    mutating func data(_ bytes: RawSpan, at offset: UInt64) {
        precondition(hasBegun && offset >= reached && bytes.byteCount > 0)
        reached = offset + UInt64(bytes.byteCount)
    }
    mutating func hole(at offset: UInt64, count: UInt64) {
        precondition(hasBegun && offset >= reached && count > 0)
        reached = offset + count
    }
    mutating func end(size: UInt64?) { precondition(hasBegun && size ?? .max >= reached) }
}

/// Runs over the records as the reader does, and gives checksums that are all ones the right value.
private func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var sum = Fletcher4()
    var place = 0
    var isLittleEndian = true
    while place + 312 <= bytes.count {
        let range = place..<(place + 312)
        let first = Array(bytes[range])
        var payload = 0
        if let start = try? StreamHeader.read(first.span.bytes), case .header(let header) = start {
            sum = Fletcher4()
            isLittleEndian = header.isLittleEndian
            payload = header.payloadLength
            sum.add(first.span.bytes, isLittleEndian: isLittleEndian)
        } else {
            if first[0] == 5 || first[3] == 5 { seal(&bytes, place + 8, sum, isLittleEndian) }
            sum.add(Array(bytes[place..<(place + 280)]).span.bytes, isLittleEndian: isLittleEndian)
            seal(&bytes, place + 280, sum, isLittleEndian)
            sum.add(Array(bytes[(place + 280)..<(place + 312)]).span.bytes, isLittleEndian: isLittleEndian)
            let record = RecordFields(bytes: first, isLittleEndian: isLittleEndian)
            payload = (try? record.record(StreamLimits()))?.payload ?? 0
        }
        place += 312
        guard payload <= bytes.count - place else { break }
        sum.add(Array(bytes[place..<(place + payload)]).span.bytes, isLittleEndian: isLittleEndian)
        place += payload
    }
    return bytes
}

private func seal(_ bytes: inout [UInt8], _ place: Int, _ sum: Fletcher4, _ isLittleEndian: Bool) {
    guard bytes[place..<(place + 32)].allSatisfy({ $0 == 0xff }) else { return }
    let value = [sum.a, sum.b, sum.c, sum.d].flatMap {
        isLittleEndian ? $0.littleEndianBytes : $0.littleEndianBytes.reversed()
    }
    bytes.replaceSubrange(place..<(place + 32), with: value)
}

private func tryList(_ bytes: [UInt8]) {
    guard let list = try? NameValueList(packed: bytes.span.bytes) else { return }
    precondition(size(list) <= bytes.count, "more values than bytes")
}

private func size(_ list: NameValueList) -> Int {
    list.pairs.reduce(0) { sum, pair in
        let value =
            switch pair.value {
            case .text(let text): text.count
            case .bytes(let bytes): bytes.count
            case .texts(let texts): texts.reduce(0) { $0 + $1.count }
            case .signeds(let numbers): numbers.count
            case .unsigneds(let numbers): numbers.count
            case .booleans(let values): values.count
            case .list(let list): size(list)
            case .lists(let lists): lists.reduce(0) { $0 + size($1) }
            case .flag, .boolean, .signed, .unsigned, .double: 0
            }
        precondition(!pair.name.contains(0))
        return sum + pair.name.count + value
    }
}

private func tryBlock(_ bytes: [UInt8], _ choice: UInt8) {
    let packing: [BlockPacking] = [.none, .lzjb, .gzip, .zle, .lz4, .zstd]
    let length = [1, 16, 512, 4096, 8192, 131_072][Int(choice / 6) % 6]
    var handed: Int?
    do {
        try BlockUnpacker().unpack(bytes.span.bytes, packing[Int(choice) % 6], length: length) {
            handed = $0.byteCount
        }
        precondition(handed == length)
    } catch {
        precondition(handed == nil && error is UnplacedStreamError)
    }
}
