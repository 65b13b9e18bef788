import Tar
import Testing

/// What is written is read again.
@Suite struct TarWriterTests {
    private struct Bytes: TarSink {
        var bytes: [UInt8] = []
        mutating func write(_ span: RawSpan) { unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    }

    private struct Recorder: TarVisitor {
        var entries: [(entry: TarEntry, content: [UInt8])] = []

        mutating func begin(_ entry: TarEntry) {
            entries.append((entry, [UInt8](repeating: 0, count: Int(entry.size))))
        }
        mutating func content(_ bytes: RawSpan, at offset: UInt64) {
            let part = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
            entries[entries.count - 1].content.replaceSubrange(Int(offset)..<(Int(offset) + part.count), with: part)
        }
        mutating func end() {}
    }

    private static let paths = [
        "a", "./", "folder/", String(repeating: "n", count: 100), String(repeating: "n", count: 101), "grüße/\n",
        String(repeating: "long/", count: 300) + "x",
    ]
    private static let times = [
        TarTime(seconds: 0), TarTime(seconds: 1_000_000_000, nanoseconds: 5), TarTime(seconds: -1),
        TarTime(seconds: -2, nanoseconds: 750_000_000), TarTime(seconds: 1 << 33), TarTime(seconds: 1 << 40),
        TarTime(seconds: -1, nanoseconds: 999_999_999),
    ]

    @Test("Names, owners, times, devices, links and attributes are read as they were written")
    func entries() throws {
        var entries: [TarEntry] = []
        for (index, path) in Self.paths.enumerated() {
            var entry = TarEntry(path: Array(path.utf8), kind: path.hasSuffix("/") ? .directory : .file)
            entry.mode = UInt32(index * 511)
            entry.uid = [0, 1000, 2_097_151, 2_097_152, .max][index % 5]
            entry.gid = [4_000_000_000, 0][index % 2]
            entry.modified = Self.times[index % Self.times.count]
            entry.extendedAttributes = index % 2 == 0 ? [] : [(Array("user.a".utf8), [0, 10, 61]), ([0x62], [])]
            entries.append(entry)
        }
        for kind in [TarEntry.Kind.symbolicLink, .hardLink] {
            for length in [1, 100, 101, 4000] {
                var entry = TarEntry(path: [0x6c], kind: kind)
                entry.linkTarget = [UInt8](repeating: 0x74, count: length)
                entries.append(entry)
            }
        }
        for kind in [TarEntry.Kind.characterDevice, .blockDevice, .fifo] {
            var entry = TarEntry(path: [0x6e], kind: kind)
            if kind != .fifo { (entry.deviceMajor, entry.deviceMinor) = (0xfff, 0xf_ffff) }
            entries.append(entry)
        }
        let read = try roundTrip(entries.map { ($0, nil, []) })
        #expect(read.count == entries.count)
        for (entry, (found, _)) in zip(entries, read) {
            #expect(found.path == entry.path && found.kind == entry.kind && found.linkTarget == entry.linkTarget)
            #expect(found.mode == entry.mode & 0o7777 && found.uid == entry.uid && found.gid == entry.gid)
            #expect(found.modified == entry.modified)
            #expect(found.deviceMajor == entry.deviceMajor && found.deviceMinor == entry.deviceMinor)
            #expect(
                found.extendedAttributes.map(\.name) == entry.extendedAttributes.map(\.name).sorted { $0[0] < $1[0] })
        }
    }

    @Test("Files, with holes and without", arguments: [0, 1, 511, 512, 513, 10_000])
    func files(size: Int) throws {
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
        let middle = size / 3..<size / 2
        var cases: [([TarWriter.Region]?, [UInt8])] = [(nil, content), ([], [UInt8](repeating: 0, count: size))]
        var holey = [UInt8](repeating: 0, count: size)
        holey.replaceSubrange(middle, with: content[middle])
        cases.append(([UInt64(middle.lowerBound)..<UInt64(middle.upperBound)], holey))
        var file = TarEntry(path: Array("file".utf8), kind: .file)
        file.size = UInt64(size)
        let read = try roundTrip(cases.map { (file, $0.0, $0.1) })
        #expect(read.map(\.content) == cases.map(\.1))
        #expect(read.allSatisfy { $0.entry.path == file.path && $0.entry.size == file.size })
    }

    @Test("More or less content than was announced is refused, and regions that cannot be")
    func refused() throws {
        var file = TarEntry(path: [0x66], kind: .file)
        file.size = 10
        let bytes = [UInt8](repeating: 1, count: 11)
        var sink = Bytes()
        var writer = TarWriter()
        try writer.begin(file, to: &sink)
        #expect(throws: TarError.self) { try unsafe writer.content(bytes.span.bytes, to: &sink) }
        #expect(throws: TarError.self) { try writer.end(to: &sink) }
        #expect(throws: TarError.self) { try writer.begin(file, to: &sink) }
        for regions: [TarWriter.Region] in [[0..<11], [5..<6, 2..<3], [0..<5, 4..<6]] {
            var writer = TarWriter()
            #expect(throws: TarError.self) { try writer.begin(file, regions: regions, to: &sink) }
        }
    }

    private func roundTrip(
        _ entries: [(TarEntry, [TarWriter.Region]?, [UInt8])]
    ) throws -> [(entry: TarEntry, content: [UInt8])] {
        var sink = Bytes()
        var writer = TarWriter()
        for (entry, regions, content) in entries {
            try writer.begin(entry, regions: regions, to: &sink)
            for region in regions ?? [0..<UInt64(content.count)] {
                let part = Array(content[Int(region.lowerBound)..<Int(region.upperBound)])
                try unsafe writer.content(part.span.bytes, to: &sink)
            }
            try writer.end(to: &sink)
        }
        try writer.finish(to: &sink)
        #expect(sink.bytes.count % 512 == 0)
        var recorder = Recorder()
        var reader = TarReader()
        let bytes = sink.bytes
        try unsafe reader.feed(bytes.span.bytes, to: &recorder)
        try reader.finish(to: &recorder)
        return recorder.entries
    }
}
