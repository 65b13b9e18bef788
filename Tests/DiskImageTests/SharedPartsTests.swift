import TestHost
import Testing

@testable import DiskImage

/// Images in which one part of the file is said to be many parts of the disk, or a part to be longer than it is: what they cost is
/// bounded by what the file has.
@Suite struct SharedPartsTests {
    /// An image of 1 GiB with one piece of content at its beginning, made by qemu-img.
    struct Made: Sendable, CustomTestStringConvertible {
        let options: String
        let isPacked: Bool
        /// Makes all entries of its table those of the first.
        let share: @Sendable (inout [UInt8]) -> Void

        init(_ options: String, isPacked: Bool = false, _ share: @escaping @Sendable (inout [UInt8]) -> Void) {
            self.options = options
            self.isPacked = isPacked
            self.share = share
        }

        var testDescription: String { options }
    }

    private static let made = [
        Made("-O qcow2") { repeatEntry(in: &$0, at: l2Table($0), width: 8, count: 8192) },
        Made("-O qcow2 -o extended_l2=on") { repeatEntry(in: &$0, at: l2Table($0), width: 16, count: 4096) },
        Made("-c -O qcow2", isPacked: true) { repeatEntry(in: &$0, at: l2Table($0), width: 8, count: 8192) },
        Made("-c -O qcow2 -o cluster_size=2M", isPacked: true) {
            repeatEntry(in: &$0, at: l2Table($0), width: 8, count: 512)
        },
        Made("-c -O qcow2 -o compression_type=zstd,cluster_size=2M", isPacked: true) {
            repeatEntry(in: &$0, at: l2Table($0), width: 8, count: 512)
        },
        Made("-O vmdk -o subformat=monolithicSparse") {
            let directory = Int($0.little(56, as: UInt64.self)) * 512
            repeatEntry(in: &$0, at: Int($0.little(directory, as: UInt32.self)) * 512, width: 4, count: 512)
        },
        Made("-O vmdk -o subformat=streamOptimized", isPacked: true) {
            let directory = Int($0.little(56, as: UInt64.self)) * 512
            repeatEntry(in: &$0, at: Int($0.little(directory, as: UInt32.self)) * 512, width: 4, count: 512)
        },
        Made("-O vpc -o force_size=on") {
            repeatEntry(in: &$0, at: Int($0.big(512 + 16, as: UInt64.self)), width: 4, count: 512)
        },
        Made("-O vhdx -o block_size=1M") { bytes in
            let regions = (0..<2).map { (192 << 10) + 16 + $0 * 32 }
            guard let table = regions.first(where: { bytes[$0] == 0x66 }) else { return }
            repeatEntry(in: &bytes, at: Int(bytes.little(table + 16, as: UInt64.self)), width: 8, count: 1024)
        },
    ]

    private static func l2Table(_ bytes: [UInt8]) -> Int {
        Int(bytes.big(Int(bytes.big(40, as: UInt64.self)), as: UInt64.self) & 0x00ff_ffff_ffff_fe00)
    }

    private static func repeatEntry(in bytes: inout [UInt8], at table: Int, width: Int, count: Int) {
        let entry = Array(bytes[table..<(table + width)])
        for index in 1..<count {
            bytes.replaceSubrange((table + index * width)..<(table + (index + 1) * width), with: entry)
        }
    }

    @Test(
        "An image all of whose entries lead to one place is refused before more was read than there is", arguments: made
    )
    func shared(_ made: Made) async throws {
        let folder = Folder()
        defer { folder.remove() }
        try await Tool.shell(
            """
            cd \(folder.path); truncate -s 1G base.raw
            head -c 2M /dev/zero | tr '\\0' a | dd of=base.raw conv=notrunc bs=1M iflag=fullblock status=none
            qemu-img convert -f raw \(made.options) base.raw disk.img
            """)
        let file = try OpenFile("\(folder.path)/disk.img")
        var bytes = [UInt8](repeating: 0, count: Int(file.byteCount))
        _ = try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(at: 0, into: $0) }
        // It is good as long as it is what qemu-img made.
        var whole = Emitted()
        #expect(try DiskReader(Bytes(bytes)).read(to: &whole) == 1 << 30)
        #expect(whole.byteCount == 2 << 20)
        let before = bytes
        made.share(&bytes)
        #expect(bytes != before)

        let counting = CountingFile(bytes)
        var asFile = Emitted()
        let error = #expect(throws: DiskError.self) { _ = try DiskReader(counting).read(to: &asFile) }
        #expect(error?.reason == .badMap, "\(error as Any)")
        #expect(counting.byteCountRead <= 2 * bytes.count + 4 << 20)
        #expect(asFile.byteCount <= (made.isPacked ? 2 << 20 : bytes.count))
        var asStream = Emitted()
        #expect(throws: DiskError.self) {
            _ = try DiskReader(stream: Bytes(bytes, piece: 70_000), scratch: Room()).read(to: &asStream)
        }
        #expect(asStream.byteCount <= (made.isPacked ? 2 << 20 : bytes.count))
    }

    /// 64 KiB of the letter a.
    private static let deflated: [UInt8] =
        [0xed, 0xc1, 0x81, 0, 0, 0, 0, 0x80, 0x20, 0xd6, 0xfd, 0x25, 0x16, 0xa9, 0x0a]
        + [UInt8](repeating: 0, count: 63) + [0x6a]

    /// 100 packed clusters side by side.
    ///
    /// - Parameter sectors: that each is said to have behind its first.
    private static func packed(sectors: UInt64) -> [UInt8] {
        let cluster = UInt64(QCOW2Builder.cluster)
        var file = QCOW2Builder(size: 100 * cluster, clusters: 6, l1: [2 * cluster])
        for index in 0..<100 {
            let place = 3 * QCOW2Builder.cluster + index * 512
            file.put(deflated, place)
            file.map(index, to: 1 << 62 | sectors << 54 | UInt64(place), table: 2)
        }
        return file.bytes
    }

    @Test("A packed cluster that is said to be longer than it is counts as long as it is said to be")
    func overstated() throws {
        for (sectors, isRead) in [(0, true), (1, true), (3, true), (16, false), (255, false)] as [(UInt64, Bool)] {
            for isStream in [false, true] {
                let counting = CountingFile(Self.packed(sectors: sectors))
                var emitted = Emitted()
                let result = Result {
                    try isStream
                        ? DiskReader(stream: Bytes(counting.bytes, piece: 30_000), scratch: Room()).read(to: &emitted)
                        : DiskReader(counting).read(to: &emitted)
                }
                switch result {
                case .success(let size): #expect(isRead && size == 100 << 16 && emitted.byteCount == 100 << 16)
                case .failure(let error): #expect(!isRead && (error as? DiskError)?.reason == .badMap, "\(error)")
                }
                #expect(counting.byteCountRead <= 3 * counting.bytes.count)
            }
        }
    }

    @Test("Disks of zeros or of ones that were packed with their zeros are read", arguments: ["zlib", "zstd"])
    func legal(_ packing: String) async throws {
        let folder = Folder()
        defer { folder.remove() }
        for (cluster, byte) in [("64k", "\\0"), ("2M", "\\0"), ("64k", "\\377"), ("2M", "\\377")] {
            try await Tool.shell(
                """
                cd \(folder.path); head -c 100M /dev/zero | tr '\\0' '\(byte)' > base.raw
                qemu-img convert -c -S 0 -f raw -O qcow2 -o compression_type=\(packing),cluster_size=\(cluster) base.raw disk.img
                """)
            var asFile = try Comparison(with: "\(folder.path)/base.raw")
            try asFile.finish(try DiskReader(try OpenFile("\(folder.path)/disk.img")).read(to: &asFile))
            var asStream = try Comparison(with: "\(folder.path)/base.raw")
            let stream = try FileStream("\(folder.path)/disk.img", seed: 1)
            try asStream.finish(try DiskReader(stream: stream, scratch: Room()).read(to: &asStream))
        }
    }

    @Test("Of what was used, nothing is remembered, however long a stream is")
    func usedUp() throws {
        var limits = DiskLimits()
        limits.chunkBytes = 4096
        let window = StreamWindow(Bytes([UInt8](repeating: 1, count: 8 << 20), piece: 3000), scratch: nil, limits)
        var buffer = [UInt8](repeating: 0, count: 4096)
        for place in stride(from: 0, to: UInt64(8 << 20), by: 4096) {
            let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe window.read(at: place, into: $0) }
            #expect(count == 4096 && window.knownChunks <= 1)
            window.release(place..<(place + 4096))
        }
        #expect(window.knownChunks == 0 && window.byteCount == 8 << 20)
        #expect(throws: DiskError.self) {
            _ = try unsafe buffer.withUnsafeMutableBytes { try unsafe window.read(at: 0, into: $0) }
        }
    }

    @Test("Of ranges it is known whether a byte of them was used before", arguments: 0..<20)
    func ranges(_ seed: Int) {
        var numbers = Numbers(seed + 1)
        var ranges = UsedRanges()
        var used = [Bool](repeating: false, count: 600)
        for _ in 0..<300 {
            let start = numbers.next(590)
            let range = start..<(start + numbers.next(10))
            let isNew = !used[range].contains(true)
            let wasNew = ranges.insert(UInt64(range.lowerBound)..<UInt64(range.upperBound))
            #expect(wasNew == isNew)
            if isNew { for index in range { used[index] = true } }
        }
    }

    @Test("Of more ranges than are kept the first ones are forgotten, and no other")
    func manyRanges() {
        var ranges = UsedRanges()
        let last = UInt64(UsedRanges.most)
        let areNew = (0...last).map { ranges.insert((2 * $0)..<(2 * $0 + 1)) }
        #expect(!areNew.contains(false))
        for (index, isNew) in [(1, false), (last, false), (0, true)] {
            let wasNew = ranges.insert((2 * index)..<(2 * index + 1))
            #expect(wasNew == isNew)
        }
    }
}

/// Says how much of it was read.
private final class CountingFile: DiskFile {
    let bytes: [UInt8]
    private(set) var byteCountRead = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var byteCount: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = unsafe Bytes(bytes).read(at: offset, into: buffer)
        byteCountRead += count
        return count
    }
}

/// How much content there was.
private struct Emitted: DiskVisitor {
    private(set) var byteCount = 0
    mutating func data(_ bytes: RawSpan, at offset: UInt64) { byteCount += bytes.byteCount }
}
