import Compression
import Foundation
import Synchronization
import Testing

/// Data to pack, the same in each run.
enum Samples {
    static let all: [(name: String, bytes: [UInt8])] = [
        ("nothing", []), ("one byte", [0x2a]), ("text", text(20_000)), ("noise", noise(100_000)),
        ("zeros", [UInt8](repeating: 0, count: 1_500_000)), ("a mixture", mixture),
    ]

    static func bytes(_ name: String) -> [UInt8] { all.first { $0.name == name }?.bytes ?? [] }

    /// More than one piece of output, with matches near and far.
    static let mixture = text(100_000) + noise(50_000) + [UInt8](repeating: 7, count: 150_000) + text(100_000)

    static func text(_ count: Int) -> [UInt8] {
        let words = ["dataset", "snapshot", "origin", "image", "\n", "{\"v\": 2}", "zone", "0123456789", "final"]
        var random = SplitMix(state: 1)
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += Array(words[Int(random.next() % UInt64(words.count))].utf8) + [0x20] }
        return Array(bytes.prefix(count))
    }

    static func noise(_ count: Int) -> [UInt8] {
        var random = SplitMix(state: 2)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}

/// SplitMix64: short, and the same everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// The tools that users pack with.
struct Packer: Sendable, CustomTestStringConvertible {
    let format: CompressionFormat
    let command: String

    var testDescription: String { command }

    init(_ format: CompressionFormat, _ command: String) {
        self.format = format
        self.command = command
    }

    /// One for each format that packs.
    static let usual = [
        Packer(.gzip, "gzip -6"), Packer(.bzip2, "bzip2"), Packer(.xz, "xz -6"), Packer(.zstd, "zstd -q"),
    ]

    static let all =
        usual + [
            Packer(.gzip, "gzip -1"), Packer(.gzip, "gzip -9"), Packer(.gzip, "pigz -p 4 -b 128"),
            Packer(.gzip, "pigz -i -0"),
            Packer(.bzip2, "bzip2 -1"),
            Packer(.xz, "xz -0"), Packer(.xz, "xz -7e"), Packer(.xz, "xz -T4 --block-size=65536"),
            Packer(.xz, "xz -C none"),
            Packer(.xz, "xz -C crc32"), Packer(.xz, "xz -C sha256"), Packer(.xz, "xz --x86 --lzma2"),
            Packer(.xz, "xz --delta=dist=4 --lzma2"),
            Packer(.zstd, "zstd -q -19"), Packer(.zstd, "zstd -q --fast=5"), Packer(.zstd, "zstd -q --no-check"),
            Packer(.zstd, "zstd -q -T4 -B65536"), Packer(.zstd, "zstd -q --long=27"),
            Packer(.zstd, "zstd -q --ultra -22"),
        ]

    /// What was packed before: many tests pack the same.
    private static let known = Mutex<[Job: [UInt8]]>([:])

    private struct Job: Hashable {
        let command: String
        let bytes: [UInt8]

        static func == (one: Job, other: Job) -> Bool {
            one.command == other.command && Outcome.data(one.bytes) == .data(other.bytes)
        }

        // At once: an array gives its bytes one by one.
        func hash(into hasher: inout Hasher) {
            hasher.combine(command)
            unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        }
    }

    func pack(_ bytes: [UInt8]) throws -> [UInt8] {
        let job = Job(command: command, bytes: bytes)
        if let packed = Self.known.withLock({ $0[job] }) { return packed }
        let packed = try packAnew(bytes)
        Self.known.withLock { $0[job] = packed }
        return packed
    }

    private func packAnew(_ bytes: [UInt8]) throws -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "packer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let plain = folder.appending(path: "plain")
        let packed = folder.appending(path: "packed")
        try Data(bytes).write(to: plain)
        let status = unsafe system("( \(command) -c ) < \(plain.path) > \(packed.path)")
        guard status == 0 else { throw PackerFailed(command: command, status: status) }
        return try Array(Data(contentsOf: packed))
    }
}

struct PackerFailed: Error {
    let command: String
    let status: Int32
}
