import Compression
import DiskImage
import Testing

/// What is refused, with its place and its reason, and what it may cost.
@Suite struct HostileTests {
    private static let cluster = UInt64(QCOW2Builder.cluster)

    private static func small() -> QCOW2Builder {
        var file = QCOW2Builder(size: 1 << 20, clusters: 4, l1: [2 * cluster])
        file.map(1, to: 3 * cluster, table: 2)
        file.put([7, 8, 9], Int(3 * cluster))
        return file
    }

    private static func refusal(_ bytes: [UInt8], isStream: Bool = false) -> DiskError? {
        var content = Content()
        do {
            let reader =
                isStream
                ? try DiskReader(stream: Bytes(bytes, piece: 5000), scratch: nil) : try DiskReader(Bytes(bytes))
            _ = try reader.read(to: &content)
            return nil
        } catch {
            return error as? DiskError
        }
    }

    @Test(
        "Lines of a VMDK's description end in any way, and the first of a name counts", arguments: ["\n", "\r\n", "\r"])
    func description(end: String) {
        let lines = [
            "# Disk", "parentCID = FFFFFFFF", "CREATETYPE=\"two\"", "createType=monolithicSparse", "parentCID=1", "a",
        ]
        var bytes = [UInt8](repeating: 0, count: 2048)
        bytes.replaceSubrange(0..<8, with: Array("KDMV".utf8) + [1, 0, 0, 0])
        // A disk of 2048 sectors, grains of 8, a description of one sector behind the header, tables of 512 grains, a directory.
        for (place, value) in [(13, 8), (20, 8), (28, 1), (36, 1), (45, 2), (56, 2), (64, 2)] {
            bytes[place] = UInt8(value)
        }
        bytes.replaceSubrange(73..<77, with: [0x0a, 0x20, 0x0d, 0x0a])
        let text = Array(lines.joined(separator: end).utf8)
        bytes.replaceSubrange(512..<(512 + text.count), with: text)
        let error = Self.refusal(bytes)
        #expect(error?.reason == .unsupported && error?.description.contains("\"two\"") == true, "\(error as Any)")
    }

    @Test("A small qcow2 is read, as a file and as a stream")
    func good() throws {
        let bytes = Self.small().bytes
        for reader in [try DiskReader(Bytes(bytes)), try DiskReader(stream: Bytes(bytes, piece: 999), scratch: nil)] {
            var content = Content()
            #expect(reader.description.format == .qcow2 && reader.description.size == 1 << 20)
            #expect(try reader.read(to: &content) == 1 << 20)
            #expect(content.pieces.count == 1 && content.pieces[0].offset == 65536)
            #expect(content.pieces[0].bytes.starts(with: [7, 8, 9]) && content.pieces[0].bytes.count == 4096)
        }
    }

    /// Fields of the header that make it another disk than one of this file, or none.
    @Test(
        "A header that cannot be, or that needs something else, is refused by its field",
        arguments: [
            (8, 1, 8, DiskError.Reason.unsupported, "overlay"), (32, 1, 4, .unsupported, "encrypted"),
            (4, 4, 4, .unsupported, "version 4"), (4, 1, 4, .unsupported, "version 1"),
            (20, 8, 4, .badHeader, "2^8"), (20, 22, 4, .badHeader, "2^22"),
            (20, 0xffff_ffff, 4, .badHeader, "2^4294967295"),
            (24, 0xffff_ffff_ffff_ffff, 8, .badHeader, "18446744073709551615"), (24, 0, 8, .badHeader, "no bytes"),
            (24, 1 << 40, 8, .badHeader, "L1 table of 1 entries"), (36, 0, 4, .badHeader, "L1 table of 0 entries"),
            (36, 0xffff_ffff, 4, .limit, "L1 table"), (40, 65537, 8, .badHeader, "whole cluster"),
            (72, 2, 8, .unsupported, "corrupt"), (72, 4, 8, .unsupported, "another file"),
            (72, 8, 8, .badHeader, "compression type"), (72, 32, 8, .unsupported, "0x20"),
            (72, 1 << 63, 8, .unsupported, "0x8000000000000000"), (100, 8, 4, .badHeader, "header of 8 bytes"),
            (100, 105, 4, .badHeader, "header of 105"), (104, 0x4441_5441, 4, .unsupported, "another file"),
            (65536, 3 << 16 | 512, 8, .badMap, "no whole cluster"), (65536, 1 << 40, 8, .truncated, "L2 table"),
            (131_072 + 8, 1 << 40, 8, .truncated, "ends at"), (131_072 + 8, 512, 8, .badMap, "no whole cluster"),
            (131_072 + 8, 1 << 62 | 5, 8, .badBlock, "deflated"),
            (131_072 + 8, 1 << 62 | 1 << 50, 8, .badBlock, "deflated"),
        ] as [(Int, UInt64, Int, DiskError.Reason, String)])
    func field(_ offset: Int, _ value: UInt64, _ width: Int, _ reason: DiskError.Reason, _ word: String) {
        var file = Self.small()
        if width == 4 { file.put32(UInt32(value), offset) } else { file.put64(value, offset) }
        for isStream in [false, true] {
            let error = Self.refusal(file.bytes, isStream: isStream)
            #expect(error?.reason == reason && error?.detail.contains(word) == true, "\(error as Any)")
        }
    }

    @Test("One table for all parts of a huge disk costs no more than the file, and is refused")
    func sharedTable() {
        // 1 PiB in 2 Mi parts, and all of them are said to be in one table.
        let count = 2 << 20
        var file = QCOW2Builder(size: 1 << 50, clusters: 260, l1: [])
        file.put32(UInt32(count), 36)
        for index in 0..<count { file.put64(258 * Self.cluster, QCOW2Builder.cluster + index * 8) }
        let error = Self.refusal(file.bytes)
        #expect(error?.reason == .badMap && error?.detail.contains("twice") == true)
    }

    @Test("One cluster for a whole disk is refused, once more was read than there is")
    func sharedCluster() {
        var file = QCOW2Builder(size: 512 << 20, clusters: 4, l1: [2 * Self.cluster])
        for index in 0..<8192 { file.map(index, to: 3 * Self.cluster, table: 2) }
        file.put([1], Int(3 * Self.cluster))
        #expect(Self.refusal(file.bytes)?.reason == .badMap)
    }

    @Test("What is compressed twice is refused: a thousand times a thousand bytes of one")
    func compressedTwice() async throws {
        for (outer, inner) in [(CompressionFormat.gzip, CompressionFormat.gzip), (.zstd, .xz), (.bzip2, .zstd)] {
            var bytes = Self.small().bytes
            for (index, format) in [inner, outer].enumerated() {
                var (rest, packed): ([UInt8], [UInt8]) = (bytes, [])
                try await StreamCompressor(format, cores: 1).run(
                    reading: { _ in
                        defer { rest = [] }
                        return rest
                    }, emit: { part in unsafe part.withUnsafeBytes { unsafe packed.append(contentsOf: $0) } })
                if index == 0 { #expect(Self.refusal(packed, isStream: true) == nil) }
                bytes = packed
            }
            let error = Self.refusal(bytes, isStream: true)
            #expect(error?.reason == .unsupported && error?.detail.contains("\(inner.rawValue) within") == true)
        }
    }

    @Test("A disk of 1 PiB of which nothing is there is read at once")
    func sparse() throws {
        var file = QCOW2Builder(size: 1 << 50, clusters: 260, l1: [])
        file.put32(2 << 20, 36)
        file.put64(258 * Self.cluster, QCOW2Builder.cluster + (2 << 20 - 1) * 8)
        file.map(8191, to: 259 * Self.cluster, table: 258)
        file.put([5], Int(260 * Self.cluster) - 1)
        var content = Content()
        #expect(try DiskReader(Bytes(file.bytes)).read(to: &content) == 1 << 50)
        #expect(content.pieces.map(\.offset) == [1 << 50 - 4096])
    }

    @Test("A stream in the opposite order goes through the scratch store, and without one is refused")
    func reversed() throws {
        let count = 64
        var file = QCOW2Builder(size: UInt64(count) << 16, clusters: count + 3, l1: [2 * Self.cluster])
        for index in 0..<count {
            file.map(index, to: UInt64(count + 2 - index) * Self.cluster, table: 2)
            file.put([UInt8](repeating: UInt8(index + 1), count: 65536), (count + 2 - index) * QCOW2Builder.cluster)
        }
        let limits = DiskLimits(reorderBytes: 1 << 20)
        let room = Room()
        var content = Content()
        let size = try DiskReader(stream: Bytes(file.bytes, piece: 70000), scratch: room, limits: limits).read(
            to: &content)
        #expect(content.disk(size) == (0..<count).flatMap { [UInt8](repeating: UInt8($0 + 1), count: 65536) })
        #expect(room.byteCount > 2 << 20 && room.byteCount <= file.bytes.count)
        #expect(throws: DiskError.self) {
            var content = Content()
            _ = try DiskReader(stream: Bytes(file.bytes), scratch: nil, limits: limits).read(to: &content)
        }
    }

    // Tables and one piece of what they name are kept, and no more.
    @Test("A stream in the disk's order keeps nothing, however long it is", arguments: [1000, 65536, 1 << 20, .max])
    func inOrder(piece: Int) throws {
        let count = 256
        let raw = [UInt8](repeating: 7, count: count << 16)
        var file = QCOW2Builder(size: UInt64(count) << 16, clusters: count + 3, l1: [2 * Self.cluster])
        for index in 0..<count {
            file.map(index, to: UInt64(index + 3) * Self.cluster, table: 2)
            file.put(Array(raw[..<65536]), (index + 3) * QCOW2Builder.cluster)
        }
        for image in [raw, file.bytes] {
            var content = Content()
            let stream = Bytes(image, piece: piece)
            let size = try DiskReader(stream: stream, scratch: nil, limits: DiskLimits(reorderBytes: 2 << 20)).read(
                to: &content)
            #expect(content.disk(size) == raw)
        }
    }

    @Test("A VHD of fixed size ends before its footer, as a file and as a stream")
    func footer() throws {
        let disk = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 / 512 + 1) }
        var footer = [UInt8](repeating: 0, count: 512)
        footer.replaceSubrange(0..<8, with: Array("conectix".utf8))
        footer.replaceSubrange(8..<24, with: [0, 0, 0, 2, 0, 1, 0, 0] + [UInt8](repeating: 0xff, count: 8))
        for start in [40, 48] {
            for index in 0..<8 { footer[start + index] = UInt8(truncatingIfNeeded: disk.count >> (56 - index * 8)) }
        }
        footer[63] = 2
        let sum = ~footer.reduce(UInt32(0)) { $0 + UInt32($1) }
        for index in 0..<4 { footer[64 + index] = UInt8(truncatingIfNeeded: sum >> (24 - index * 8)) }
        for isStream in [false, true] {
            let reader =
                try isStream
                ? DiskReader(stream: Bytes(disk + footer, piece: 70000), scratch: nil)
                : DiskReader(Bytes(disk + footer))
            var content = Content()
            let size = try reader.read(to: &content)
            #expect(size == UInt64(disk.count) && content.disk(size) == disk)
            // Of a disk that is taken as it is, it is the machine's.
            let whole = Bytes(disk + footer, piece: 70000)
            let asItIs =
                try isStream ? DiskReader(rawStream: whole, in: .none) : DiskReader(rawFile: whole, in: .none)
            var all = Content()
            let length = try asItIs.read(to: &all)
            #expect(length == UInt64(disk.count + 512) && all.disk(length) == disk + footer)
        }
    }

    @Test(
        "What is no disk is not taken for one",
        arguments: [
            ("# Disk DescriptorFile\nversion=1", "other files"), ("COWD1234", "ESX"), ("QED\0", "QED"),
            ("WithoutFreeSpace", "Parallels"), ("", "no bytes"),
        ])
    func others(_ text: String, _ word: String) {
        for isStream in [false, true] {
            let error = Self.refusal(Array(text.utf8), isStream: isStream)
            #expect(error?.detail.contains(word) == true, "\(error as Any)")
        }
    }

    @Test("A disk larger than the limit is refused before it is read, and a raw one that comes as a stream on the way")
    func limits() {
        let limits = DiskLimits(size: 1 << 20)
        for count in [1 << 20, 1 << 20 + 1, 3 << 20] {
            let bytes = [UInt8](repeating: 1, count: count)
            for isStream in [false, true] {
                var content = Content()
                let size =
                    try? isStream
                    ? DiskReader(stream: Bytes(bytes), scratch: nil, limits: limits).read(to: &content)
                    : DiskReader(Bytes(bytes), limits: limits).read(to: &content)
                #expect(size == (count == 1 << 20 ? 1 << 20 : nil))
            }
        }
    }

    @Test("Every damaged byte of a header, and every length that is cut, is read or refused, and never a trap")
    func damaged() {
        let whole = Self.small().bytes
        for place in Array(0..<120) + Array(65536..<65552) + Array(131_072..<131_104) {
            for value: UInt8 in [0, 1, 0x40, 0x7f, 0x80, 0xff] {
                var bytes = whole
                bytes[place] = value
                _ = Self.refusal(bytes)
                _ = Self.refusal(bytes, isStream: true)
            }
        }
        for count in [0, 1, 4, 71, 72, 103, 104, 65535, 65536, 65543, 131_072, 131_079, 196_608] {
            #expect(count == 0 || count < 4 || Self.refusal(Array(whole[..<count])) != nil)
        }
    }
}
