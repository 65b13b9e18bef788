/// Where an archive goes that is written.
public protocol TarSink {
    /// - Parameter bytes: what follows; valid during the call only.
    mutating func write(_ bytes: RawSpan) throws
}

/// Writes an archive that every reader of pax reads (POSIX.1-2017, pax): what the old header has no room for, and extended
/// attributes (`SCHILY.xattr.…`), stand in pax headers; holes as GNU tar has them (version 1.0). The same entries give the same
/// bytes.
///
/// For each entry `begin`, of a file its data by `content`, and `end`; at last `finish`.
public struct TarWriter: Sendable {
    /// Bytes of the current entry's data that are still to come, and those that fill up its last block.
    private var missing: UInt64 = 0
    private var padding = 0

    /// Bytes of a file that are not zero because nothing is there.
    public typealias Region = Range<UInt64>

    public init() {}

    /// Begins an entry.
    ///
    /// - Parameter regions: where a file has data: ascending, and apart; nil: everywhere.
    /// - Throws: `TarError` for what archives do not have, and what the sink throws.
    public mutating func begin(
        _ entry: TarEntry, regions: [Region]? = nil, to sink: inout some TarSink
    ) throws {
        guard missing == 0 else { throw TarError(.truncated, at: 0, "an entry begins in another one") }
        let isFile = entry.kind == .file
        var stored = isFile ? entry.size : 0
        var map: [UInt8] = []
        if isFile, let regions {
            map = try Self.map(regions, size: entry.size)
            stored = regions.reduce(UInt64(map.count)) { $0 + UInt64($1.count) }
        }
        let header = NewHeader(entry, stored: stored, isSparse: !map.isEmpty)
        try unsafe sink.write(header.bytes.span.bytes)
        if !map.isEmpty { try unsafe sink.write(map.span.bytes) }
        missing = stored - UInt64(map.count)
        padding = Int((512 - stored % 512) % 512)
    }

    /// Data of a file, of one with holes its regions only.
    ///
    /// - Throws: `TarError` for more than was announced, and what the sink throws.
    public mutating func content(_ bytes: RawSpan, to sink: inout some TarSink) throws {
        guard UInt64(bytes.byteCount) <= missing else {
            throw TarError(.limit, at: 0, "a file has more content than was announced")
        }
        missing -= UInt64(bytes.byteCount)
        try sink.write(bytes)
    }

    /// The entry is complete.
    ///
    /// - Throws: `TarError` if it is not, and what the sink throws.
    public mutating func end(to sink: inout some TarSink) throws {
        guard missing == 0 else {
            throw TarError(.truncated, at: 0, "\(missing) bytes of a file are missing")
        }
        let zeros = [UInt8](repeating: 0, count: padding)
        padding = 0
        if !zeros.isEmpty { try unsafe sink.write(zeros.span.bytes) }
    }

    /// Writes the archive's end.
    ///
    /// - Throws: what the sink throws.
    public func finish(to sink: inout some TarSink) throws {
        let zeros = [UInt8](repeating: 0, count: 1024)
        try unsafe sink.write(zeros.span.bytes)
    }

    /// A count and as many pairs, a number a line, filled up to whole blocks. It ends where the file does.
    private static func map(_ regions: [Region], size: UInt64) throws(TarError) -> [UInt8] {
        var reached: UInt64 = 0
        for region in regions {
            guard region.lowerBound >= reached, region.upperBound <= size else {
                throw TarError(.badSparseMap, at: 0, "regions overlap or lie outside the file")
            }
            reached = region.upperBound
        }
        let all = reached == size ? regions : regions + [size..<size]
        var map = Array("\(all.count)\n".utf8)
        for region in all { map += Array("\(region.lowerBound)\n\(region.count)\n".utf8) }
        return map + [UInt8](repeating: 0, count: (512 - map.count % 512) % 512)
    }
}

/// The blocks before an entry's data.
private struct NewHeader {
    private(set) var bytes: [UInt8] = []
    private var records: [UInt8] = []

    private static let types: [TarEntry.Kind: Character] = [
        .file: "0", .hardLink: "1", .symbolicLink: "2", .characterDevice: "3", .blockDevice: "4", .directory: "5",
        .fifo: "6",
    ]

    init(_ entry: TarEntry, stored: UInt64, isSparse: Bool) {
        var path = entry.path
        if entry.kind == .directory, path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
        if isSparse {
            add("GNU.sparse.major", "1")
            add("GNU.sparse.minor", "0")
            add("GNU.sparse.name", path)
            add("GNU.sparse.realsize", "\(entry.size)")
            path = Array("GNUSparseFile/".utf8) + path
        }
        if path.count > 100 { add("path", path) }
        if entry.linkTarget.count > 100 { add("linkpath", entry.linkTarget) }
        let size = octal(stored, 11, "size")
        let owner = octal(UInt64(entry.uid), 7, "uid")
        let group = octal(UInt64(entry.gid), 7, "gid")
        var seconds: UInt64 = 0
        if let whole = UInt64(exactly: entry.modified.seconds), whole < 1 << 33 { seconds = whole }
        if entry.modified != TarTime(seconds: Int64(seconds)) { add("mtime", Self.text(entry.modified)) }
        for attribute in entry.extendedAttributes.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            add(Array("SCHILY.xattr.".utf8) + attribute.name, attribute.value)
        }
        if !records.isEmpty {
            let length = octal(UInt64(records.count), 11, nil)
            let name = Array("PaxHeaders/".utf8) + path.suffix(80)
            bytes = Self.block(
                name, "x", [octal(0o644, 7, nil), octal(0, 7, nil), octal(0, 7, nil)], length, octal(0, 11, nil))
            bytes += records + [UInt8](repeating: 0, count: (512 - records.count % 512) % 512)
        }
        bytes += Self.block(
            path, Self.types[entry.kind] ?? "0", [octal(UInt64(entry.mode & 0o7777), 7, nil), owner, group], size,
            octal(seconds, 11, nil), target: entry.linkTarget,
            devices: [octal(UInt64(entry.deviceMajor), 7, nil), octal(UInt64(entry.deviceMinor), 7, nil)])
    }

    /// A number of so many digits; one that has more is 0, and stands in a record.
    private mutating func octal(_ number: UInt64, _ digits: Int, _ key: String?) -> [UInt8] {
        var value = number
        if number >> UInt64(digits * 3) != 0 {
            if let key { add(key, "\(number)") }
            value = 0
        }
        let text = String(value, radix: 8)
        return Array(String(repeating: "0", count: digits - text.utf8.count).utf8) + Array(text.utf8) + [0]
    }

    private mutating func add(_ key: String, _ value: String) { add(Array(key.utf8), Array(value.utf8)) }
    private mutating func add(_ key: String, _ value: [UInt8]) { add(Array(key.utf8), value) }

    /// A record begins with its own length.
    private mutating func add(_ key: [UInt8], _ value: [UInt8]) {
        let rest = key.count + value.count + 3
        var length = rest
        while rest + "\(length)".utf8.count != length { length = rest + "\(length)".utf8.count }
        records += Array("\(length) ".utf8) + key + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
    }

    private static func text(_ time: TarTime) -> String {
        var (seconds, nanoseconds) = (time.seconds, time.nanoseconds)
        let isNegative = seconds < 0
        if isNegative, nanoseconds > 0 { (seconds, nanoseconds) = (seconds + 1, 1_000_000_000 - nanoseconds) }
        let fraction = nanoseconds == 0 ? "" : ".\(String("\(1_000_000_000 + UInt64(nanoseconds))".dropFirst()))"
        return "\(isNegative ? "-" : "")\(seconds.magnitude)\(fraction)"
    }

    /// - Parameter numbers: mode, owner, group.
    private static func block(
        _ path: [UInt8], _ type: Character, _ numbers: [[UInt8]], _ size: [UInt8], _ time: [UInt8],
        target: [UInt8] = [], devices: [[UInt8]] = []
    ) -> [UInt8] {
        func field(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
            bytes.prefix(length) + [UInt8](repeating: 0, count: max(0, length - bytes.count))
        }
        var block = field(path, 100) + numbers.flatMap { $0 } + size + time
        // The checksum counts as blanks.
        block += [UInt8](repeating: 0x20, count: 8) + Array(String(type).utf8) + field(target, 100)
        block += Array("ustar\u{0}00".utf8) + [UInt8](repeating: 0, count: 64) + field(devices.flatMap { $0 }, 16)
        block = field(block, 512)
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        let digits = Array((String(repeating: "0", count: 6 - sum.utf8.count) + sum).utf8) + [0, 0x20]
        block.replaceSubrange(148..<156, with: digits)
        return block
    }
}
