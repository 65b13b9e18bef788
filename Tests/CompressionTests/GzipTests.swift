import Testing

@testable import Compression

/// What RFC 1952 and the tools allow around gzip's members.
@Suite struct GzipTests {
    private static let plain = Samples.text(700)

    /// A member with a header made by hand around what gzip made of `plain`.
    private static func member(flags: UInt8, fields: [UInt8] = [], header: [UInt8]? = nil) throws -> [UInt8] {
        let packed = try Packer(.gzip, "gzip -n").pack(plain)
        return (header ?? [0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 255]) + fields + packed[10...]
    }

    @Test(arguments: [1, 2, 511, 512, 5_000], [[1], [3], [1 << 20]])
    func zerosAfterTheLastMemberArePadding(count: Int, chunks: [Int]) throws {
        let packed = try Self.member(flags: 0) + [UInt8](repeating: 0, count: count)
        #expect(try unpack(packed, .gzip, chunks: chunks) == .data(Self.plain))
    }

    @Test(arguments: [[1], [1 << 20]])
    func afterPaddingNothingMayFollow(chunks: [Int]) throws {
        let member = try Self.member(flags: 0)
        #expect(try unpack(member + [0, 0, 0] + member, .gzip, chunks: chunks) == .refused(.trailingGarbage))
    }

    static let fields: [(String, UInt8, [UInt8])] = [
        ("text", 1, []), ("name", 8, Array("a file\0".utf8)), ("comment", 16, Array("about it\0".utf8)),
        ("extra", 4, [4, 0, 0x42, 0x43, 0, 0]), ("no extra", 4, [0, 0]),
        ("a long extra", 4, [0x30, 0x75] + [UInt8](repeating: 5, count: 30_000)),
        ("a long name", 8, [UInt8](repeating: 0x61, count: 30_000) + [0]),
        ("all but a checksum", 29, [2, 0, 9, 9] + Array("name\0comment\0".utf8)),
    ]

    @Test(arguments: fields, [[1], [7], [1 << 20]])
    func fieldsOfTheHeaderArePassedOver(field: (name: String, flags: UInt8, bytes: [UInt8]), chunks: [Int]) throws {
        let packed = try Self.member(flags: field.flags, fields: field.bytes)
        #expect(try unpack(packed, .gzip, chunks: chunks) == .data(Self.plain))
        #expect(try unpack(packed + packed, .gzip, chunks: chunks) == .data(Self.plain + Self.plain))
    }

    @Test(arguments: [[1], [1 << 20]])
    func theChecksumOfTheHeaderIsChecked(chunks: [Int]) throws {
        let header: [UInt8] = [0x1f, 0x8b, 8, 2, 1, 2, 3, 4, 0, 255]
        let sum = crc32(header)
        let right = [UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 8)]
        #expect(
            try unpack(Self.member(flags: 0, fields: right, header: header), .gzip, chunks: chunks) == .data(Self.plain)
        )
        let wrong = [right[0] ^ 1, right[1]]
        #expect(
            try unpack(Self.member(flags: 0, fields: wrong, header: header), .gzip, chunks: chunks)
                == .refused(.corrupt))
    }

    @Test(
        arguments: [
            ("another method", [0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3]),
            ("a reserved flag", [0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 3]),
            ("another magic number", [0x1f, 0x8c, 8, 0, 0, 0, 0, 0, 0, 3]),
            ("compress", [0x1f, 0x9d, 8, 0, 0, 0, 0, 0, 0, 3]),
        ] as [(String, [UInt8])])
    func otherHeadersAreRefused(name: String, header: [UInt8]) throws {
        #expect(try unpack(Self.member(flags: 0, header: header), .gzip) == .refused(.corrupt), "\(name)")
    }

    @Test func checksumAndLengthAreChecked() throws {
        let packed = try Self.member(flags: 0)
        for index in (packed.count - 8)..<packed.count {
            var damaged = packed
            damaged[index] &+= 1
            #expect(try unpack(damaged, .gzip) == .refused(.corrupt))
            #expect(try unpack(packed + damaged, .gzip, chunks: [1]) == .refused(.corrupt))
        }
    }
}

/// CRC-32 as RFC 1952 §8 describes it.
private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xedb8_8320 : sum >> 1 }
    }
    return ~sum
}
