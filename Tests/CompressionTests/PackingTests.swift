import Compression
import Foundation
import Synchronization
import Testing

@Suite struct PackingTests {
    private static let formats = CompressionFormat.allCases
    /// More than a few blocks of every format.
    private static let large = (0..<8).flatMap { _ in Samples.mixture }

    private func pack(_ bytes: [UInt8], _ format: CompressionFormat, cores: Int) async throws -> [UInt8] {
        var rest = bytes[...]
        var packed: [UInt8] = []
        try await StreamCompressor(format, cores: cores).run { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        } emit: { piece in
            unsafe piece.withUnsafeBytes { unsafe packed.append(contentsOf: $0) }
        }
        return packed
    }

    @Test(arguments: formats, [1, 2, 7])
    func whatIsPackedComesBack(format: CompressionFormat, cores: Int) async throws {
        for (name, bytes) in Samples.all + [("more", PackingTests.large)] {
            let packed = try await pack(bytes, format, cores: cores)
            #expect(try unpack(packed, format, chunks: [1 << 16]) == .data(bytes), "\(name)")
            #expect(format == .none || bytes.count < 100 || CompressionFormat.sniff(packed) == format)
        }
    }

    @Test(arguments: [CompressionFormat.gzip, .bzip2, .xz, .zstd])
    func theToolsAcceptIt(format: CompressionFormat) async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("imgadmtest-\(UUID()).packed")
        defer { try? FileManager.default.removeItem(at: file) }
        for bytes in [[], Samples.text(10), PackingTests.large] {
            try Data(try await pack(bytes, format, cores: 3)).write(to: file)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            // As a filter: the name of the file tells nothing.
            process.arguments = ["bash", "-c", "\(format.rawValue) -tq < '\(file.path)'"]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(bytes.count) bytes")
        }
    }

    @Test(arguments: formats)
    func theSameInputGivesTheSameOutput(format: CompressionFormat) async throws {
        let one = try await pack(PackingTests.large, format, cores: 2)
        #expect(try await pack(PackingTests.large, format, cores: 2) == one)
    }

    @Test(arguments: formats)
    func anErrorOfTheReaderOrWriterEndsIt(format: CompressionFormat) async throws {
        struct Broken: Error {}
        var count = 0
        await #expect(throws: Broken.self) {
            try await StreamCompressor(format, cores: 2).run { size in
                count += 1
                if count > 3 { throw Broken() }
                return [UInt8](repeating: 1, count: size)
            } emit: { _ in
            }
        }
        await #expect(throws: Broken.self) {
            try await StreamCompressor(format, cores: 2).run {
                [UInt8](repeating: 1, count: $0)
            } emit: { _ in
                throw Broken()
            }
        }
    }

    /// A block of xz takes many seconds, if it is of noise.
    @Test func packingStopsWithinABlock() async throws {
        let isRead = AsyncStream.makeStream(of: Void.self)
        let packed = Mutex(0)
        let work = Task.detached {
            try await Self.pack(24, whenAllIsRead: { isRead.continuation.finish() }) { count in
                packed.withLock { $0 += count }
            }
        }
        for await _ in isRead.stream {}
        work.cancel()
        await #expect(throws: CancellationError.self) { try await work.value }
        // A head; the block would be as long as what it is of.
        #expect(packed.withLock(\.self) < 1000)
    }

    /// Packs so many MiB that cannot be made smaller, by xz.
    private static func pack(
        _ pieces: Int, whenAllIsRead: @Sendable () -> Void, emit: @Sendable (Int) -> Void
    ) async throws {
        var missing = pieces
        try await StreamCompressor(.xz, cores: 1).run { _ in
            guard missing > 0 else {
                whenAllIsRead()
                return []
            }
            missing -= 1
            var generator = SystemRandomNumberGenerator()
            return (0..<(1 << 17)).flatMap { _ in
                unsafe withUnsafeBytes(of: generator.next() as UInt64) { unsafe Array($0) }
            }
        } emit: {
            emit($0.byteCount)
        }
    }
}
