import DiskImage
import Testing

/// A streamOptimized VMDK is the same disk as a file, where its tables count, and as a stream, where its grains do.
@Suite struct StreamedVMDKTests {
    /// Puts a VMDK together, part by part: grains of 4 KiB, tables of 4 of them.
    struct Builder {
        static let grainSectors: UInt64 = 8
        var bytes: [UInt8] = []
        private let grains: UInt64
        /// Where the directory is that was put last.
        private var lastDirectory: UInt64 = 0

        init(grains: UInt64) {
            self.grains = grains
            bytes = header(directory: .max)
            let text = Array("# Disk\nparentCID=ffffffff\ncreateType=\"streamOptimized\"\n".utf8)
            bytes += text + [UInt8](repeating: 0, count: 512 - text.count)
        }

        var sector: UInt64 { UInt64(bytes.count / 512) }

        private func header(directory: UInt64, tableCount: UInt32 = 4) -> [UInt8] {
            var fields = Array("KDMV".utf8) + Self.number(UInt32(3)) + Self.number(UInt32(1 << 16 | 1 << 17 | 1))
            for value in [grains * Self.grainSectors, Self.grainSectors, 1, 1] { fields += Self.number(value) }
            fields += Self.number(tableCount)
            for value in [0, directory, 2] as [UInt64] { fields += Self.number(value) }
            fields += [0, 0x0a, 0x20, 0x0d, 0x0a, 1, 0]
            return fields + [UInt8](repeating: 0, count: 512 - fields.count)
        }

        private static func number(_ value: some FixedWidthInteger) -> [UInt8] {
            (0..<(value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }

        private mutating func append(_ more: [UInt8]) {
            bytes += more + [UInt8](repeating: 0, count: (512 - more.count % 512) % 512)
        }

        private mutating func marker(_ type: UInt32, sectors: UInt64) {
            append(Self.number(sectors) + Self.number(UInt32(0)) + Self.number(type))
        }

        /// - Returns: its sector.
        mutating func grain(_ index: UInt64) -> UInt64 {
            defer {
                let content = [UInt8](repeating: UInt8(index + 1), count: 4096)
                var (low, high): (UInt32, UInt32) = (1, 0)
                for byte in content {
                    low = (low + UInt32(byte)) % 65521
                    high = (high + low) % 65521
                }
                // Deflated as it is, in one block.
                let packed =
                    [0x78, 0x01, 0x01, 0x00, 0x10, 0xff, 0xef] + content + Self.number((high << 16 | low).bigEndian)
                append(Self.number(index * Self.grainSectors) + Self.number(UInt32(packed.count)) + packed)
            }
            return sector
        }

        mutating func table(_ places: UInt64...) -> UInt64 {
            marker(1, sectors: 1)
            defer { append(places.flatMap { Self.number(UInt32($0)) }) }
            return sector
        }

        mutating func directory(_ tables: UInt64...) {
            marker(2, sectors: 1)
            lastDirectory = sector
            append(tables.flatMap { Self.number(UInt32($0)) })
        }

        mutating func footer(tableCount: UInt32 = 4) {
            marker(3, sectors: 1)
            append(header(directory: lastDirectory, tableCount: tableCount))
        }

        mutating func end() { marker(0, sectors: 0) }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]

        init(_ name: String, _ fill: (inout Builder) -> Void) {
            testDescription = name
            var builder = Builder(grains: 8)
            fill(&builder)
            bytes = builder.bytes
        }
    }

    private static func read(_ bytes: [UInt8], isStream: Bool) throws -> [UInt8] {
        let reader =
            try isStream ? DiskReader(stream: Bytes(bytes, piece: 3000), scratch: Room()) : DiskReader(Bytes(bytes))
        var content = Content()
        let size = try reader.read(to: &content)
        return content.disk(size)
    }

    static let good = [
        Case("two tables") { disk in
            let first = disk.table(disk.grain(0), 0, disk.grain(2), 0)
            let second = disk.table(0, disk.grain(5), 0, 0)
            disk.directory(first, second)
            disk.footer()
            disk.end()
        },
        Case("a table of nothing") { disk in
            let empty = disk.table(0, 0, 0, 0)
            let second = disk.table(0, disk.grain(5), 0, 0)
            disk.directory(empty, second)
            disk.footer()
            disk.end()
        },
        Case("no table, and zeros behind the end") { disk in
            disk.directory(0, 0)
            disk.footer()
            disk.end()
            disk.bytes += [UInt8](repeating: 0, count: 5000)
        },
    ]

    @Test("What comes in the order of the disk is read as a stream, and as a file", arguments: good)
    func isRead(_ one: Case) throws {
        let stream = try Self.read(one.bytes, isStream: true)
        #expect(stream.count == 8 * 4096)
        let file = try? Self.read(one.bytes, isStream: false)
        #expect(file == stream || file == nil && one.bytes.count % 512 != 0)
    }

    static let bad = [
        Case("a second table for the same part") { disk in
            _ = disk.table(disk.grain(0), 0, 0, 0)
            let second = disk.table(0, disk.grain(1), 0, 0)
            disk.directory(second, 0)
            disk.footer()
            disk.end()
        },
        Case("a grain behind the directory") { disk in
            let first = disk.table(disk.grain(0), 0, 0, 0)
            disk.directory(first, 0)
            _ = disk.table(0, disk.grain(5), 0, 0)
            disk.footer()
            disk.end()
        },
        Case("a footer with other tables") { disk in
            let first = disk.table(disk.grain(0), 0, 0, 0)
            disk.directory(first, 0)
            disk.footer(tableCount: 2)
            disk.end()
        },
        Case("no footer") { disk in
            let first = disk.table(disk.grain(0), 0, 0, 0)
            disk.directory(first, 0)
            disk.end()
        },
        Case("something between the footer and the end") { disk in
            let first = disk.table(disk.grain(0), 0, 0, 0)
            disk.directory(first, 0)
            disk.footer()
            _ = disk.table(0, 0, 0, 0)
            disk.end()
        },
        Case("another disk behind the end") { disk in
            let first = disk.table(disk.grain(0), 0, 0, 0)
            disk.directory(first, 0)
            disk.footer()
            disk.end()
            let second = disk.table(0, disk.grain(1), 0, 0)
            disk.directory(second, 0)
            disk.footer()
            disk.end()
        },
    ]

    @Test("What would be another disk as a file than as a stream is refused as a stream", arguments: bad)
    func isRefused(_ one: Case) {
        #expect(throws: DiskError.self) { _ = try Self.read(one.bytes, isStream: true) }
    }
}
