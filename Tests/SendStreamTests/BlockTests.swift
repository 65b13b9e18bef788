import CZlib
import CZstd
import Testing

@testable import SendStream

/// Packed blocks.
@Suite struct BlockTests {
    static let contents: [(String, [UInt8])] = [
        ("one byte", [7]), ("zeros", zeros(4096)), ("noise", noise(4096)),
        ("noise and zeros", noise(700) + zeros(3396)),
        ("a byte again and again", [UInt8](repeating: 0xa5, count: 131_072)),
        ("a text", Array(String(repeating: "to be or not to be, that is ", count: 300).utf8)),
        ("two bytes", (0..<1000).map { UInt8($0 % 2) }), ("three bytes", (0..<1000).map { UInt8($0 % 3) }),
        ("a far repetition", noise(1020) + noise(1020)),
    ]

    @Test("What was packed is unpacked, with what fills its sector or without", arguments: contents.indices)
    func roundTrip(index: Int) throws {
        let (name, content) = Self.contents[index]
        for (packing, packed) in try packedForms(content) {
            for padding in [0, 3, 512] {
                #expect(try unpack(packed + zeros(padding), packing, content.count) == content, "\(name) \(packing)")
            }
        }
    }

    @Test("A block that is cut off, or of another length, is refused", arguments: contents.indices)
    func wrongLengths(index: Int) throws {
        let (name, content) = Self.contents[index]
        for (packing, packed) in try packedForms(content) {
            for count in Set([0, 1, 3, 4, 7, 8, 9, packed.count / 2, packed.count - 1]) where count < packed.count {
                #expect(throws: UnplacedStreamError.self, "\(name) \(packing) \(count)") {
                    try unpack(Array(packed.prefix(count)), packing, content.count)
                }
            }
            #expect(throws: UnplacedStreamError.self) { try unpack(packed, packing, content.count + 1) }
            guard content.count > 1, [.lz4, .zstd, .gzip].contains(packing) else { continue }
            #expect(throws: UnplacedStreamError.self) { try unpack(packed, packing, content.count - 1) }
        }
    }

    @Test("No damage makes it trap or read what is not there")
    func damaged() throws {
        for (_, content) in Self.contents where content.count < 10_000 {
            for (packing, packed) in try packedForms(content) {
                for place in packed.indices.prefix(300) {
                    for bit in [1, 0x80, 0xff] as [UInt8] {
                        var damaged = packed
                        damaged[place] ^= bit
                        // Unpacked to something else, or refused.
                        let result = try? unpack(damaged, packing, content.count)
                        #expect(result == nil || result?.count == content.count)
                    }
                }
            }
        }
    }

    typealias Malformed = (name: String, packing: BlockPacking, bytes: [UInt8])
    static let malformedBlocks: [Malformed] = [
        ("lz4: a length over its bytes", .lz4, [0, 0, 0, 9, 0x10, 1]),
        ("lz4: the largest length", .lz4, [255, 255, 255, 255] + zeros(8)),
        ("lz4: a distance of nothing", .lz4, [0, 0, 0, 5, 0x10, 1, 0, 0, 0x00]),
        ("lz4: a distance before the beginning", .lz4, [0, 0, 0, 5, 0x10, 1, 2, 0, 0x00]),
        ("lz4: more literals than there are", .lz4, [0, 0, 0, 2, 0xf0, 255]),
        ("lz4: more literals than there is room", .lz4, [0, 0, 0, 18, 0xf0, 2] + zeros(17)),
        ("lz4: more repeated than there is room", .lz4, [0, 0, 0, 5, 0x1f, 1, 1, 0, 255]),
        ("lz4: it ends in a distance", .lz4, [0, 0, 0, 3, 0x10, 1, 1]),
        ("lz4: nothing at all", .lz4, zeros(4)),
        ("lzjb: a distance of nothing", .lzjb, [2, 1, 0, 0]),
        ("lzjb: a distance before the beginning", .lzjb, [2, 1, 0, 2]),
        ("lzjb: it ends in a pair", .lzjb, [2, 1, 0]),
        ("zle: more zeros than there is room", .zle, [255]),
        ("zle: more bytes than there are", .zle, [15, 1]),
        ("zle: nothing at all", .zle, []),
        ("zstd: a length over its bytes", .zstd, [0, 0, 0, 9] + zeros(4)),
        ("zstd: no frame", .zstd, [0, 0, 0, 4] + zeros(8)),
        ("zstd: no header", .zstd, [0, 0, 0]),
        ("gzip: no stream", .gzip, [1, 2, 3, 4]),
        ("nothing packed", .none, zeros(15)),
    ]

    @Test("Malformed blocks are refused", arguments: malformedBlocks.indices)
    func malformed(index: Int) {
        let (name, packing, bytes) = Self.malformedBlocks[index]
        #expect { try unpack(bytes, packing, 16) } throws: { ($0 as? UnplacedStreamError)?.reason == .badBlock }
        _ = name
    }

    @Test("A way of packing that is unknown is refused when the block is wanted")
    func unknown() {
        for number in [1, 4, 17, 100, 255] as [UInt8] { #expect(BlockPacking(number) == nil) }
        #expect { try unpack(zeros(16), nil, 16) } throws: { ($0 as? UnplacedStreamError)?.reason == .unsupported }
    }
}

private func unpack(_ bytes: [UInt8], _ packing: BlockPacking?, _ length: Int) throws -> [UInt8] {
    var result: [UInt8] = []
    try unsafe BlockUnpacker().unpack(bytes.span.bytes, packing, length: length) { result = copy($0) }
    return result
}

/// A block packed in every way that ZFS has.
private func packedForms(_ content: [UInt8]) throws -> [(BlockPacking, [UInt8])] {
    var deflated = zeros(content.count + 1000)
    var length = uLongf(deflated.count)
    guard unsafe compress2(&deflated, &length, content, uLong(content.count), 6) == Z_OK else { throw PackingFailed() }
    var frame = zeros(content.count + 1000)
    let count = unsafe ZSTD_compress(&frame, frame.count, content, content.count, 3)
    guard ZSTD_isError(count) == 0 else { throw PackingFailed() }
    let zstd = Array(frame[4..<count])
    let lz4 = packLZ4(content)
    return [
        (.gzip, Array(deflated.prefix(Int(length)))),
        (.zstd, bigEndian(zstd.count) + [0, 1, 5, 3] + zstd),
        (.lz4, bigEndian(lz4.count) + lz4), (.lzjb, packLZJB(content)), (.zle, packZLE(content)),
    ]
}

private struct PackingFailed: Error {}

private func bigEndian(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
}

/// How long what stands at a place stood before, at some distance.
private func repetition(_ content: [UInt8], _ place: Int, farthest: Int, longest: Int) -> (distance: Int, count: Int) {
    var best = (distance: 0, count: 0)
    for distance in [1, 2, 3, 28, 1020] where distance <= place && distance <= farthest {
        var count = 0
        while place + count < content.count, count < longest,
            content[place + count] == content[place + count - distance]
        {
            count += 1
        }
        if count > best.count { best = (distance, count) }
    }
    return best
}

private func packLZ4(_ content: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    func length(_ count: Int) -> [UInt8] {
        guard count >= 15 else { return [] }
        return [UInt8](repeating: 255, count: (count - 15) / 255) + [UInt8((count - 15) % 255)]
    }
    func sequence(_ literals: ArraySlice<UInt8>, _ match: (distance: Int, count: Int)?) {
        let more = match.map { $0.count - 4 }
        out.append(UInt8(min(literals.count, 15) << 4 | min(more ?? 0, 15)))
        out += length(literals.count) + literals
        guard let match, let more else { return }
        out += [UInt8(match.distance & 255), UInt8(match.distance >> 8)] + length(more)
    }
    var start = 0
    var place = 0
    while place < content.count {
        let match = repetition(content, place, farthest: 65_535, longest: content.count - place - 5)
        guard match.count >= 4 else {
            place += 1
            continue
        }
        sequence(content[start..<place], match)
        place += match.count
        start = place
    }
    sequence(content[start...], nil)
    return out
}

private func packLZJB(_ content: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var map = 0
    var place = 0
    var item = 0
    while place < content.count {
        if item % 8 == 0 {
            map = out.count
            out.append(0)
        }
        let match = repetition(content, place, farthest: 1023, longest: 66)
        if match.count >= 3 {
            out[map] |= 1 << (item % 8)
            out += [UInt8((match.count - 3) << 2 | match.distance >> 8), UInt8(match.distance & 255)]
            place += match.count
        } else {
            out.append(content[place])
            place += 1
        }
        item += 1
    }
    return out
}

private func packZLE(_ content: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var rest = content[...]
    while let first = rest.first {
        let isZero = first == 0
        let run = rest.prefix(isZero ? 192 : 64).prefix { ($0 == 0) == isZero }
        out.append(UInt8(isZero ? run.count + 63 : run.count - 1))
        if !isZero { out += run }
        rest = rest.dropFirst(run.count)
    }
    return out
}
