import SendStream
import Testing

/// File systems in streams that were made for it.
@Suite struct FileSystemTests {
    @Test("Names, attributes and content are read in both byte orders", arguments: [true, false])
    func everything(isLittleEndian: Bool) {
        let long = String(repeating: "n", count: 60)
        let stream = FileSystemBuilder.stream(isLittleEndian: isLittleEndian) { fs in
            fs.directory(2, [("file", 8 << 60 | 4), ("again", 8 << 60 | 4), ("etc", 4 << 60 | 3), ("wide", 12)])
            fs.largeDirectory(3, [("null", 5), (long, 6), ("short", 7), ("long", 8), ("hole", 9)])
            fs.file(4, Array("content".utf8), mode: 0o104755, attributes: 10)
            fs.file(5, mode: 0o020666, device: 0x103)
            fs.file(6, mode: 0o060600, device: 259 << 32 | 300_000)
            fs.file(7, mode: 0o120777, size: 5, behind: Array("there".utf8))
            fs.file(8, [UInt8](repeating: 0x61, count: 400), mode: 0o120777)
            fs.file(9, size: 1 << 20)
            fs.directory(10, [("user.name", 11), ("plain", 11), ("SUNWattr_ro", 11)])
            fs.file(11, Array("value".utf8))
            fs.file(12, noise(5000))
        }
        let reading = readFileSystem([stream], chunk: 1000)
        #expect(reading.error == nil)
        #expect(
            reading.paths == [
                "", "again", "etc", "etc/hole", "etc/long", "etc/" + long, "etc/null", "etc/short", "file", "wide",
            ])
        let file = reading["again"]?.attributes
        #expect(file?.kind == .file && file?.permissions == 0o4755 && file?.owner == 100 && file?.group == 200)
        #expect(
            file?.modified == 1_000_000_000 && file?.modifiedNanoseconds == 5 && file?.hasAccessControlList == false)
        #expect(reading["file"]?.firstPath == "again" && reading["again"]?.firstPath == nil)
        #expect(reading["again"]?.content == Array("content".utf8) && reading["wide"]?.content == noise(5000))
        #expect(
            Set(file?.extendedAttributes.map { String(decoding: $0.name, as: UTF8.self) } ?? []) == [
                "user.name", "user.plain",
            ])
        #expect(file?.extendedAttributes.allSatisfy { $0.value == Array("value".utf8) } == true)
        let null = reading["etc/null"]?.attributes
        #expect(null?.kind == .characterDevice && null?.deviceMajor == 1 && null?.deviceMinor == 3)
        let disk = reading["etc/" + long]?.attributes
        #expect(disk?.kind == .blockDevice && disk?.deviceMajor == 259 && disk?.deviceMinor == 300_000)
        #expect(reading["etc/short"]?.attributes.linkTarget == Array("there".utf8))
        #expect(reading["etc/long"]?.attributes.linkTarget == [UInt8](repeating: 0x61, count: 400))
        #expect(reading["etc/hole"]?.content == zeros(1 << 20))
    }

    @Test("An increment changes what its base has: content, names, sizes of blocks, and objects that go")
    func increment() {
        let base = FileSystemBuilder.stream { fs in
            fs.directory(2, [("stays", 3), ("grows", 4), ("goes", 5)])
            fs.file(3, noise(1024))
            fs.file(4, noise(1024, seed: 2))
            fs.file(5, noise(512, seed: 3))
        }
        var fs = FileSystemBuilder(guid: 2, origin: 1)
        fs.directory(2, [("stays", 3), ("grows", 4), ("new", 6)])
        fs.file(4, noise(5000, seed: 4))
        fs.stream.freeObjects(5, 1)
        fs.file(6, Array("new".utf8))
        fs.stream.end()
        let reading = readFileSystem([base, fs.stream.bytes])
        #expect(reading.error == nil && reading.paths == ["", "grows", "new", "stays"])
        #expect(reading["stays"]?.content == noise(1024) && reading["grows"]?.content == noise(5000, seed: 4))
        #expect(reading["new"]?.content == Array("new".utf8))
        #expect(readFileSystem([fs.stream.bytes]).error?.reason == .missingOrigin)
        #expect(readFileSystem([base, base]).error?.reason == .unsupported)
        #expect(readFileSystem([fs.stream.bytes, base]).error?.reason == .missingOrigin)
    }

    @Test("A range of nothing that an increment frees is no hole")
    func emptyHole() throws {
        let base = FileSystemBuilder.stream { fs in
            fs.directory(2, [("file", 3)])
            fs.file(3, noise(4096))
        }
        var fs = FileSystemBuilder(guid: 2, origin: 1)
        fs.directory(2, [("file", 3)])
        fs.file(3, noise(4096, seed: 2))
        fs.stream.free(3, at: 1024, length: 0)
        fs.stream.free(3, at: 2048, length: 512)
        fs.stream.end()
        var reader = FileSystemReader()
        for stream in [base, fs.stream.bytes] { #expect(feed(stream, chunk: 999, to: &reader) == nil) }
        var contents = FileContents(try reader.tree(), to: Holes())
        for stream in [base, fs.stream.bytes] { #expect(feed(stream, chunk: 999, to: &contents) == nil) }
        #expect(contents.visitor.ranges == [2048..<2560])
    }

    @Test(
        "Attributes in a spill block are read, also of a sender that takes one for content",
        arguments: [true, false], [true, false])
    func spill(isLittleEndian: Bool, isEmbedded: Bool) {
        var list = ListPacker(.xdr)
        list.list { $0.pair("user.note", 10, .bytes(Array("value".utf8))) }
        var fs = FileSystemBuilder(isLittleEndian: isLittleEndian)
        fs.names(1, type: 21, [("VERSION", 5), ("ROOT", 2), ("SA_ATTRS", 32)])
        fs.stream.object(2, type: 20, bonusType: 44, blockSize: 512, bonus: fs.mode(0o040755))
        fs.entries(2, type: 20, [("file", 3)])
        fs.stream.object(3, type: 19, bonusType: 44, blockSize: 131_072, bonus: fs.mode(0o100644), flags: 4)
        let spill = fs.attributes(3, list.bytes)
        if isEmbedded {
            fs.stream.embedded(
                3, at: 0 &- 7168, spill, length: 3584, unpacked: UInt32(spill.count), packing: 2)
        } else {
            fs.stream.spill(3, spill + zeros(3584 - spill.count))
        }
        fs.systemAttributes(32)
        fs.stream.end()
        let reading = readFileSystem([fs.stream.bytes])
        #expect(reading.error == nil)
        let note = FileAttributes.ExtendedAttribute(name: Array("user.note".utf8), value: Array("value".utf8))
        #expect(reading["file"]?.attributes.extendedAttributes == [note])
    }

    @Test("A small file that is asked for is kept in the first pass")
    func keeping() throws {
        let stream = FileSystemBuilder.stream { fs in
            fs.directory(2, [("a", 3), ("b", 4)])
            fs.file(3, Array("ID=debian\n".utf8))
            fs.file(4, noise(300))
        }
        var reader = FileSystemReader(keeping: { copy($0).starts(with: "ID=".utf8) })
        #expect(feed(stream, chunk: 999, to: &reader) == nil)
        #expect(reader.content(of: 3)?.prefix(10) == Array("ID=debian\n".utf8)[...] && reader.content(of: 4) == nil)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var fill: @Sendable (inout FileSystemBuilder) -> Void

        init(_ what: String, _ fill: @escaping @Sendable (inout FileSystemBuilder) -> Void) {
            testDescription = what
            self.fill = fill
        }
    }

    static let bad: [Bad] = [
        Bad("a directory in itself") { $0.directory(2, [("self", 2)]) },
        Bad("a directory with two names") { fs in
            fs.directory(2, [("a", 3), ("b", 3)])
            fs.directory(3, [])
        },
        Bad("directories in a circle") { fs in
            fs.directory(2, [("a", 3)])
            fs.directory(3, [("b", 4)])
            fs.directory(4, [("c", 3)])
        },
        Bad("the attributes of two files in one directory") { fs in
            fs.directory(2, [("a", 3), ("b", 4)])
            fs.file(3, attributes: 5)
            fs.file(4, attributes: 5)
            fs.directory(5, [("name", 6)])
            fs.file(6)
        },
        Bad("attributes in the root") { fs in
            fs.directory(2, [("a", 3)], attributes: 2)
            fs.file(3)
        },
        Bad("attributes in a directory that comes before") { fs in
            fs.directory(2, [("a", 3), ("b", 4)])
            fs.directory(3, [])
            fs.file(4, attributes: 3)
        },
        Bad("attributes in a directory that comes behind") { fs in
            fs.directory(2, [("a", 4), ("b", 3)])
            fs.directory(3, [])
            fs.file(4, attributes: 3)
        },
        Bad("an attribute that comes before as a file") { fs in
            fs.directory(2, [("a", 3), ("b", 4)])
            fs.file(3)
            fs.file(4, attributes: 5)
            fs.directory(5, [("name", 3)])
        },
        Bad("an attribute that comes behind as a file") { fs in
            fs.directory(2, [("a", 4), ("b", 3)])
            fs.file(3)
            fs.file(4, attributes: 5)
            fs.directory(5, [("name", 3)])
        },
        Bad("a name of nothing") { $0.directory(2, [("a", 9)]) },
        Bad("no root") { $0.file(3) },
        Bad("a root that is a file") { $0.file(2) },
        Bad("a name with a slash") { $0.directory(2, [("a/b", 2)]) },
        Bad("the name .") { $0.directory(2, [(".", 2)]) },
        Bad("the name ..") { $0.directory(2, [("..", 2)]) },
        Bad("a name twice") { fs in
            fs.directory(2, [("a", 3), ("a", 3)])
            fs.file(3)
        },
        Bad("a file of 2^63 bytes") { fs in
            fs.directory(2, [("a", 3)])
            fs.file(3, size: 1 << 63)
        },
        Bad("a link of 2^62 bytes") { fs in
            fs.directory(2, [("a", 3)])
            fs.file(3, mode: 0o120777, size: 1 << 62)
        },
        Bad("a link that leads nowhere") { fs in
            fs.directory(2, [("a", 3)])
            fs.file(3, mode: 0o120777, size: 400)
        },
        Bad("no kind of file") { fs in
            fs.directory(2, [("a", 3)])
            fs.file(3, mode: 0o644)
        },
        Bad("a file that says it is a directory") { fs in
            fs.directory(2, [("a", 3)])
            fs.file(3, mode: 0o040755)
        },
        Bad("a second of too many nanoseconds") { fs in
            fs.directory(2, [("a", 3)])
            fs.file(3, nanoseconds: 1_000_000_000)
        },
        Bad("attributes of no known type") { fs in
            fs.directory(2, [("a", 3)])
            fs.stream.object(3, type: 19, bonusType: 9, bonus: zeros(264))
        },
        Bad("attributes that are cut off") { fs in
            fs.directory(2, [("a", 3)])
            fs.stream.object(3, type: 19, bonusType: 17, bonus: zeros(100))
        },
        Bad("attributes in an order that is not there") { fs in
            fs.directory(2, [("a", 3)])
            fs.stream.object(3, type: 19, bonusType: 44, bonus: zeros(168))
        },
        Bad("an attribute directory that is a file") { fs in
            fs.directory(2, [("a", 3)])
            fs.file(3, attributes: 3)
        },
        Bad("fewer names than stated") { fs in
            fs.largeDirectory(2, [("a", 3)], stated: 2)
            fs.file(3)
        },
        Bad("a leaf with fewer names than it states") { fs in
            fs.largeDirectory(2, [("a", 3)]) { $0[30] = 2 }
            fs.file(3)
        },
        Bad("a name whose chunks are a circle") { fs in
            // The first piece of the name leads to itself.
            fs.largeDirectory(2, [(String(repeating: "n", count: 500), 3)]) { block in
                block[48 + 64 + 24 + 22] = 1
                block[48 + 64 + 24 + 23] = 0
            }
            fs.file(3)
        },
        Bad("a name that leads out of its block") { fs in
            fs.largeDirectory(2, [("a", 3)]) { $0[48 + 64 + 5] = 0x7f }
            fs.file(3)
        },
        Bad("numbers of three bytes") { fs in
            fs.largeDirectory(2, [("a", 3)]) { $0[48 + 64 + 1] = 3 }
            fs.file(3)
        },
        Bad("a directory without content") { $0.stream.object(2, type: 20, bonusType: 17, bonus: zeros(264)) },
        Bad("an object twice") { fs in
            fs.directory(2, [])
            fs.directory(2, [])
        },
        Bad("content before its object") { $0.stream.write(7, at: 0, zeros(512)) },
        Bad("objects freed in disorder") { fs in
            fs.stream.freeObjects(10, 5)
            fs.stream.freeObjects(3, 2)
        },
    ]

    @Test("What makes no sense is refused", arguments: bad)
    func refused(bad: Bad) {
        for isLittleEndian in [true, false] {
            let reading = readFileSystem([FileSystemBuilder.stream(isLittleEndian: isLittleEndian, bad.fill)])
            #expect(reading.error != nil && reading.error?.reason != .limit)
        }
    }

    @Test("Names and attributes take no more memory than allowed, directories are no deeper")
    func limits() {
        let stream = FileSystemBuilder.stream { fs in
            fs.directory(2, [("a", 3)])
            for depth in 3..<40 { fs.directory(UInt64(depth), [("d", UInt64(depth) + 1)]) }
            fs.directory(40, [])
        }
        #expect(readFileSystem([stream]).error == nil)
        #expect(readFileSystem([stream], limits: FileSystemLimits(depth: 20)).error?.reason == .limit)
        #expect(readFileSystem([stream], limits: FileSystemLimits(bytes: 10_000)).error?.reason == .limit)
        #expect(readFileSystem([stream], limits: FileSystemLimits(bytes: 30_000)).error?.reason == .limit)
    }

    @Test("Versions that are not known are refused", arguments: [0, 6, UInt64.max])
    func version(version: UInt64) {
        let stream = FileSystemBuilder.stream(version: version) { $0.directory(2, []) }
        #expect(readFileSystem([stream]).error?.reason == .unsupported)
    }
}

extension CorpusTests {
    @Test("File systems of OpenZFS are read, or refused by name")
    func fileSystems() throws {
        for name in ["decompress", "little-endian-long-payloads"] {
            let reading = readFileSystem([try Corpus.stream(name)])
            #expect(reading.error == nil && reading.paths.count == 4, "\(name)")
            #expect(
                reading.files.values.allSatisfy { $0.attributes.kind == .directory || $0.content.contains { $0 != 0 } })
        }
        let words = [
            "decompress-crypt": "encrypted", "dedup": "dedup",
            "dedup_encrypted_zvol": "encrypted",
            "little-endian-all-drr-types-incr-NATIVE": "nothing comes before it",
        ]
        for (name, word) in words {
            let error = readFileSystem([try Corpus.stream(name)]).error
            #expect(error?.description.contains(word) == true, "\(name): \(error as Any)")
        }
    }
}

private struct Holes: FileContentVisitor {
    var ranges: [Range<UInt64>] = []

    func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) {}
    mutating func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) {
        ranges.append(offset..<(end ?? .max))
    }
}
