import Glibc
import SendStream
import SystemPackage
import TestHost
import Testing

/// Streams between this module and a real ZFS.
@Suite(.enabled(if: geteuid() == 0, "a pool takes root"), .serialized) struct PoolTests {
    @Test(
        "Volumes written here are received, and sent back the same; an increment becomes a clone",
        arguments: [4096, 8192, 65536, 131_072])
    func volumes(blockSize: Int) async throws {
        let sandbox = try await Sandbox.make()
        // It takes its pool along when it goes.
        defer { withExtendedLifetime(sandbox) {} }
        let pool = sandbox.pool
        let old = Disk(size: 40 * blockSize - 100, blockSize: blockSize, seed: 1)
        var new = Disk(size: 44 * blockSize, blockSize: blockSize, seed: 1)
        for block in [0, 3, 4, 11, 43] {
            new.replace(block, blockSize, with: noise(blockSize, seed: UInt64(block + 5)))
        }
        for block in [1, 2, 7, 19] { new.replace(block, blockSize, with: zeros(blockSize)) }
        let first = VolumeSnapshot(
            name: "images/one@final", guid: 0x1234_5678_9abc_def1, created: 1_700_000_000,
            size: UInt64(old.bytes.count), blockSize: blockSize)
        try await receive(try write(first, [(0, old.bytes)]), "\(pool)/one")
        #expect(try await property("type", "\(pool)/one") == "volume")
        let padded = old.bytes + zeros(100)

        let back = readVolume(try send("\(pool)/one@final"), chunks: [1 << 16])
        #expect(back.error == nil && back.content() == padded)
        #expect(back.header?.guid == first.guid && back.header?.originGUID == nil)
        #expect(back.events.first == .begin(blockSize: blockSize))

        let second = VolumeSnapshot(
            name: "images/two@final", guid: 0x1234_5678_9abc_def2, created: 1_700_000_001,
            size: UInt64(new.bytes.count), blockSize: blockSize,
            origin: .init(guid: first.guid, size: UInt64(padded.count)))
        let changes = zip(new.blocks(blockSize), Disk(padded).blocks(blockSize) + Array(repeating: [], count: 4))
            .enumerated().filter { $1.0 != $1.1 }.map { (UInt64($0 * blockSize), $1.0) }
        try await receive(try write(second, changes), "\(pool)/two")
        #expect(try await property("origin", "\(pool)/two") == "\(pool)/one@final")
        let whole = readVolume(try send("\(pool)/two@final"), chunks: [1 << 16])
        #expect(whole.error == nil && whole.content() == new.bytes && whole.header?.guid == second.guid)
        let increment = readVolume(try send("-i \(pool)/one@final \(pool)/two@final"), chunks: [1 << 16])
        #expect(increment.error == nil && increment.content(on: padded) == new.bytes)
        #expect(increment.header?.originGUID == first.guid && increment.header?.flags.contains(.clone) == true)
    }

    @Test("A stream without its end, or with a byte damaged, is received by no ZFS")
    func refused() async throws {
        let sandbox = try await Sandbox.make()
        // It takes its pool along when it goes.
        defer { withExtendedLifetime(sandbox) {} }
        let snapshot = VolumeSnapshot(name: "a/b@final", guid: 7, created: 0, size: 1 << 20)
        let stream = try write(snapshot, [(0, noise(1 << 20))])
        await #expect(throws: (any Error).self) {
            try await receive(Array(stream.dropLast(312)), "\(sandbox.pool)/one")
        }
        var damaged = stream
        damaged[100_000] ^= 1
        await #expect(throws: (any Error).self) { try await receive(damaged, "\(sandbox.pool)/two") }
    }

    @Test("A huge disk with little on it is received, and sent back the same")
    func sparse() async throws {
        let sandbox = try await Sandbox.make()
        // It takes its pool along when it goes.
        defer { withExtendedLifetime(sandbox) {} }
        let snapshot = VolumeSnapshot(name: "a/b@final", guid: 7, created: 0, size: 1 << 41, blockSize: 16384)
        try await receive(try write(snapshot, [(5, [1]), (1 << 41 - 1, [2])]), "\(sandbox.pool)/huge")
        let back = readVolume(try send("\(sandbox.pool)/huge@final"), chunks: [1 << 16])
        let size: UInt64 = 1 << 41
        let first: [UInt8] = zeros(5) + [1] + zeros(16378)
        let last: [UInt8] = zeros(16383) + [2]
        let expected: [VolumeReading.Event] = [
            .begin(blockSize: 16384), .data(first, at: 0), .data(last, at: size - 16384), .end(size: size),
        ]
        #expect(back.events == expected)
    }

    @Test("What this ZFS sends of a file system is read, alone, as an increment, and in a frame")
    func fileSystems() async throws {
        let sandbox = try await Sandbox.make()
        // It takes its pool along when it goes.
        defer { withExtendedLifetime(sandbox) {} }
        let dataset = "\(sandbox.pool)/files"
        try await Tool.shell(
            """
            zfs create \(dataset)
            m=$(zfs get -H -o value mountpoint \(dataset))
            cp -r /etc/. $m/ 2>/dev/null || true
            zfs snapshot \(dataset)@one
            rm -rf $m/apt; echo changed > $m/hostname; ln -s there $m/here
            zfs snapshot \(dataset)@two
            """)
        for (options, headers) in [("", 1), ("-i @one", 1), ("-p", 2), ("-R", 3)] {
            let reading = read(try send("\(options) \(dataset)@two"), chunks: [1 << 16])
            #expect(reading.error == nil, "\(options)")
            #expect(reading.headers.count == headers, "\(options)")
            #expect(reading.headers.last?.kind == .fileSystem && reading.records.count > 2)
            #expect(reading.headers.last?.name == Array("\(dataset)@two".utf8))
        }
    }

    private func receive(_ stream: [UInt8], _ dataset: String) async throws {
        let folder = TestFolder.make("stream")
        defer { TestFolder.remove(folder) }
        let file = folder.appending("stream")
        let descriptor = try FileDescriptor.open(
            file, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        try descriptor.closeAfter { _ = try descriptor.writeAll(stream) }
        try await Tool.shell("zfs receive -u \(dataset) < '\(file)'")
    }

    private func send(_ what: String) throws -> [UInt8] { try Corpus.output(of: "exec zfs send \(what)") }

    private func property(_ name: String, _ dataset: String) async throws -> String {
        String(try await Tool.run("zfs", "get", "-H", "-o", "value", name, dataset).prefix { $0 != "\n" })
    }
}
