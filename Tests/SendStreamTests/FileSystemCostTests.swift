import Testing

@testable import SendStream

/// What the reading of a file system costs is bounded by what its stream brings.
@Suite struct FileSystemCostTests {
    @Test("The values of attributes count, also those that are zeros before a few bytes")
    func attributeValues() {
        // 36 of 64 KiB, of which each brings the last 512 bytes.
        let stream = FileSystemBuilder.stream { fs in
            fs.directory(2, (0..<6).map { ("f\($0)", 10 + $0) })
            for file in 0..<6 as Range<UInt64> {
                fs.file(10 + file, attributes: 20 + file)
                let values = (0..<6).map { 100 + file * 6 + $0 }
                fs.directory(20 + file, values.map { ("user.\($0)", $0) })
                for value in values {
                    fs.file(value, size: 65536)
                    fs.stream.write(value, at: 65024, noise(512))
                }
            }
        }
        #expect(readFileSystem([stream]).error == nil)
        let error = readFileSystem([stream], limits: FileSystemLimits(bytes: 1 << 20)).error
        #expect(error?.reason == .limit && error?.description.contains("attributes") == true, "\(error as Any)")
    }

    @Test("A path has a limit: there may be many of them")
    func longPaths() {
        func error(folders: Int) -> StreamError? {
            let stream = FileSystemBuilder.stream { fs in
                let name = String(repeating: "n", count: 650)
                for folder in 0..<UInt64(folders) {
                    fs.largeDirectory(2 + folder, [(name, 3 + folder)])
                }
                fs.directory(2 + UInt64(folders), [])
            }
            return readFileSystem([stream]).error
        }
        #expect(error(folders: 100) == nil)
        #expect(error(folders: 101)?.reason == .limit)
    }

    @Test("Whether a name is the first of its file is known")
    func firstNames() throws {
        let stream = FileSystemBuilder.stream { fs in
            fs.directory(2, [("a", 3), ("b", 3), ("c", 4)])
            fs.file(3)
            fs.file(4)
        }
        let tree = try #require(readFileSystem([stream]).tree)
        #expect((0..<tree.count).map { tree.isFirstName($0) } == [true, true, false, true])
    }

    private static func leaf(_ names: String...) -> ZAPBlock {
        var entries = ZAPEntries()
        for name in names { entries.append(Array(name.utf8)[...], [7]) }
        return .leaf(entries)
    }

    @Test("To free what is not there takes no time, however many blocks of names there are", .timeLimit(.minutes(1)))
    func manyFrees() throws {
        var names = ZAPContent()
        let count: UInt64 = 200_000
        _ = names.set(.header(leafCount: count - 1, entryCount: count - 1), at: 0)
        for block in 0..<count { _ = names.set(Self.leaf("n\(block)"), at: (count - block) * 1024) }
        for range in 0..<count { names.free(from: range * 1024 + 1, to: range * 1024 + 1023) }
        names.free(from: count / 2 * 1024, to: count / 2 * 1024 + 1)
        var found: UInt64 = 0
        try names.forEach("it") { _ in found += 1 }
        #expect(found == count - 1)
    }

    @Test("Streams that change nothing take no time, however many files there are", .timeLimit(.minutes(5)))
    func manyStreams() {
        var reader = FileSystemReader()
        let base = FileSystemBuilder.stream { fs in
            fs.directory(2, [])
            for file in 0..<30_000 as Range<UInt64> { fs.file(10 + file) }
        }
        #expect(feed(base, chunk: 1 << 16, to: &reader) == nil)
        for number in 1...5000 as ClosedRange<UInt64> {
            var next = FileSystemBuilder(guid: number + 1, origin: number)
            next.stream.freeObjects(100_000, 1)
            next.stream.end()
            #expect(feed(next.stream.bytes, chunk: 1 << 16, to: &reader) == nil)
        }
    }

    @Test("What is freed is gone, and what the same stream brings behind it is not")
    func freedObjects() throws {
        let base = FileSystemBuilder.stream { fs in
            fs.directory(2, [("a", 10), ("b", 11), ("c", 14)])
            for file in [10, 11, 14] as [UInt64] { fs.file(file) }
        }
        var next = FileSystemBuilder(guid: 2, origin: 1)
        next.directory(2, [("a", 10), ("d", 12)])
        next.stream.freeObjects(11, 1)
        next.file(12)
        next.stream.freeObjects(13, 1000)
        next.stream.end()
        #expect(readFileSystem([base, next.stream.bytes]).paths == ["", "a", "d"])
        var wrong = FileSystemBuilder(guid: 2, origin: 1)
        wrong.stream.freeObjects(10, 5)
        wrong.stream.end()
        // The folder still has their names.
        #expect(readFileSystem([base, wrong.stream.bytes]).error?.reason == .badRecord)
    }

    @Test("Places are added and taken away as in any set", arguments: 0..<20)
    func places(_ seed: UInt64) {
        let numbers = noise(40_000, seed: seed + 1)
        var next = 0
        func number(_ bound: UInt64) -> UInt64 {
            next = (next + 3) % (numbers.count - 3)
            return (UInt64(numbers[next]) << 16 | UInt64(numbers[next + 1]) << 8 | UInt64(numbers[next + 2])) % bound
        }
        var places = SortedNumbers()
        var expected: Set<UInt64> = []
        for _ in 0..<10_000 {
            if number(20) > 0 {
                let offset = number(50_000)
                if expected.insert(offset).inserted { places.insert(offset) }
            } else {
                let start = number(50_000)
                let end = start + number(5) * number(1000)
                let gone = places.remove(start, end)
                #expect(gone == expected.filter { $0 >= start && $0 < end }.sorted())
                expected.subtract(gone)
            }
        }
        let rest = places.remove(0, .max)
        #expect(rest == expected.sorted())
        let nothing = places.remove(0, .max)
        #expect(nothing.isEmpty)
    }

    @Test("A name that is there twice is refused, in whichever of the blocks")
    func twice() {
        var names = ZAPContent()
        _ = names.set(.header(leafCount: 2, entryCount: 3), at: 0)
        _ = names.set(Self.leaf("ROOT", "VERSION"), at: 1024)
        _ = names.set(Self.leaf("ROOT"), at: 2048)
        #expect(throws: UnplacedStreamError.self) { _ = try names.value("ROOT", "it") }
        #expect((try? names.value("VERSION", "it")) == 7)
    }
}
