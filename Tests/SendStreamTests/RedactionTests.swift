import Testing

@testable import SendStream

/// Streams from which content of files was left out (`send --redact`).
@Suite struct RedactionTests {
    private func base(isLittleEndian: Bool = true, attributes: UInt64 = 0) -> [UInt8] {
        FileSystemBuilder.stream(isLittleEndian: isLittleEndian) { fs in
            fs.directory(2, [("whole", 3), ("part", 4), ("none", 5), ("tail", 6)])
            fs.file(3, noise(1024))
            fs.file(4, noise(512, seed: 2), size: 1536, attributes: attributes)
            fs.stream.redact(4, at: 512, length: 1024)
            fs.file(5, size: 9)
            fs.stream.redact(5, at: 0, length: 512)
            // Nothing of the file lies there.
            fs.file(6, noise(512, seed: 3))
            fs.stream.redact(6, at: 512, length: 512)
            if attributes > 0 {
                fs.directory(attributes, [("user.a", 11), ("user.b", 12)])
                fs.file(11, Array("known".utf8))
                fs.file(12, size: 5)
                fs.stream.redact(12, at: 0, length: 512)
            }
        }
    }

    @Test("All names are there, and the content of files that lack nothing", arguments: [true, false])
    func tree(isLittleEndian: Bool) {
        let reading = readFileSystem([base(isLittleEndian: isLittleEndian, attributes: 10)])
        #expect(reading.error == nil && reading.paths == ["", "none", "part", "tail", "whole"])
        #expect(reading.tree?.redactedObjects == [4, 5])
        #expect(reading["whole"]?.content == noise(1024) && reading["tail"]?.content == noise(512, seed: 3))
        #expect(reading["none"]?.attributes.size == 9)
        let names = reading["part"]?.attributes.extendedAttributes.map { String(decoding: $0.name, as: UTF8.self) }
        #expect(names == ["user.a"] && reading.tree?.redactedAttributes == 1)
    }

    @Test("Nobody gets zeros for content that was left out")
    func refused() throws {
        let stream = base()
        var reader = FileSystemReader()
        #expect(feed(stream, chunk: 999, to: &reader) == nil)
        let tree = try reader.tree()
        for wanted: Set<UInt64>? in [nil, [4], [5], [3, 5]] {
            var contents = FileContents(tree, of: wanted, to: WholeContents())
            let error = feed(stream, chunk: 999, to: &contents)
            #expect(error?.reason == .unsupported && error?.detail.contains("redacted") == true)
            #expect(contents.visitor.contents.isEmpty)
        }
    }

    @Test("An increment brings what was left out, or takes it away, or leaves out more")
    func increment() {
        var fs = FileSystemBuilder(guid: 2, origin: 1)
        fs.stream.free(4, at: 1536, length: .max)
        fs.stream.write(4, at: 512, noise(512, seed: 7))
        fs.stream.free(4, at: 1024, length: 512)
        fs.stream.redact(3, at: 512, length: 512)
        fs.stream.end()
        let reading = readFileSystem([base(), fs.stream.bytes])
        #expect(reading.error == nil && reading.tree?.redactedObjects == [3, 5])
        #expect(reading["part"]?.content == noise(512, seed: 2) + noise(512, seed: 7) + zeros(512))

        // What became another object, or is no more, lacks nothing.
        var other = FileSystemBuilder(guid: 2, origin: 1)
        other.directory(2, [("whole", 3), ("part", 4), ("tail", 6)])
        other.file(4, noise(1024, seed: 5))
        other.stream.freeObjects(5, 1)
        other.stream.end()
        let changed = readFileSystem([base(), other.stream.bytes])
        #expect(changed.error == nil && changed.tree?.redactedObjects == [])
        #expect(changed["part"]?.content == noise(1024, seed: 5))
    }

    @Test("Names that were left out, and records in disorder, are refused")
    func bad() {
        func error(_ body: (inout FileSystemBuilder) -> Void) -> StreamError.Reason? {
            readFileSystem([
                FileSystemBuilder.stream { fs in
                    fs.directory(2, [("file", 3)])
                    fs.file(3, noise(512))
                    body(&fs)
                }
            ]).error?.reason
        }
        #expect(error { $0.stream.redact(2, at: 0, length: 512) } == .unsupported)
        #expect(error { $0.stream.redact(9, at: 0, length: 512) } == .order)
        #expect(error { $0.stream.redact(3, at: .max - 100, length: 512) } == .badRecord)
        let disorder = error { fs in
            fs.stream.redact(3, at: 1024, length: 512)
            fs.stream.redact(3, at: 512, length: 512)
        }
        #expect(disorder == .order)
    }

    @Test("A link whose target was left out is one of the files that lack something, until an increment brings it")
    func links() {
        let target = [UInt8](repeating: 0x61, count: 400)
        let base = FileSystemBuilder.stream { fs in
            fs.directory(2, [("file", 3), ("link", 8), ("other", 9)])
            fs.file(3, noise(512))
            fs.file(8, mode: 0o120777, size: 400)
            fs.stream.redact(8, at: 0, length: 512)
            fs.file(9, target, mode: 0o120777)
        }
        let reading = readFileSystem([base])
        #expect(reading.error == nil && reading.tree?.redactedObjects == [8])
        #expect(reading["link"]?.attributes.linkTarget == [] && reading["other"]?.attributes.linkTarget == target)
        #expect(reading["file"]?.content == noise(512))

        var fs = FileSystemBuilder(guid: 2, origin: 1)
        fs.stream.write(8, at: 0, target + zeros(112))
        fs.stream.redact(9, at: 0, length: 512)
        fs.stream.end()
        let changed = readFileSystem([base, fs.stream.bytes])
        #expect(changed.error == nil && changed.tree?.redactedObjects == [9])
        #expect(changed["link"]?.attributes.linkTarget == target && changed["other"]?.attributes.linkTarget == [])
    }

    @Test("Ranges that were left out take no more memory than allowed")
    func limits() {
        let stream = FileSystemBuilder.stream { fs in
            fs.directory(2, [("file", 3)])
            fs.file(3, noise(512))
            for number in 1..<UInt64(2000) { fs.stream.redact(3, at: number * 1024, length: 512) }
        }
        #expect(readFileSystem([stream]).error == nil)
        #expect(readFileSystem([stream], limits: FileSystemLimits(bytes: 20_000)).error?.reason == .limit)
    }

    @Test("Ranges of several streams are what they are block by block", arguments: 0..<200)
    func ranges(seed: UInt64) throws {
        var state = seed &* 977 &+ 1
        func random(_ count: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % count
        }
        var ranges = RedactedRanges()
        var blocks = [Bool](repeating: false, count: 64)
        for stream in 0..<4 {
            if random(2) == 0 {
                let cut = random(64)
                ranges.cut(from: cut, stream: stream)
                for block in Int(cut)..<64 { blocks[block] = false }
            }
            var place: UInt64 = 0
            while true {
                let start = place + random(8)
                let end = start + random(10)
                guard end <= 64 else { break }
                let isRedacted = random(2) == 0
                try ranges.set(start..<end, isRedacted: isRedacted, stream: stream)
                for block in start..<end { blocks[Int(block)] = isRedacted }
                if end > start { place = end }
                let first = blocks.firstIndex(of: true).map(UInt64.init)
                for size: UInt64 in 0...64 { #expect(ranges.reachBelow(size) == first.map { $0 < size } ?? false) }
            }
        }
        // Each one that is left is taken away by itself.
        for block: UInt64 in 0..<64 {
            try ranges.set(0..<block, isRedacted: false, stream: 100 + Int(block))
            let next = blocks.indices.first { $0 >= Int(block) && blocks[$0] }.map(UInt64.init)
            #expect(ranges.reachBelow(.max) == (next != nil))
            if let next { #expect(ranges.reachBelow(next + 1) && !ranges.reachBelow(next)) }
        }
    }
}

/// Several datasets in one stream (`send -R`).
@Suite struct FrameDatasetTests {
    private func frame(_ streams: [(name: String, body: (inout FileSystemBuilder) -> Void)]) -> [UInt8] {
        var bytes: [UInt8] = []
        var head = StreamBuilder()
        head.begin(Begin(version: 2, kind: 0, guid: 0, name: Array("a/b@c".utf8)))
        head.bareEnd(checksum: true)
        bytes += head.bytes
        for (name, body) in streams {
            var fs = FileSystemBuilder(name: name)
            body(&fs)
            fs.stream.end()
            bytes += fs.stream.bytes
        }
        var end = StreamBuilder()
        end.bareEnd(checksum: false)
        return bytes + end.bytes
    }

    private func fill(_ fs: inout FileSystemBuilder) {
        fs.names(1, type: 21, [("VERSION", 4), ("ROOT", 2)])
        fs.directory(2, [("file", 3)])
        fs.file(3, noise(1024))
    }

    @Test("The dataset that was sent is read, and those below it are named")
    func below() {
        let reading = readFileSystem([frame([("a/b@c", fill), ("a/b/d@c", { _ in }), ("a/b/d@e", { _ in })])])
        #expect(reading.error == nil && reading["file"]?.content == noise(1024))
        #expect(reading.tree?.furtherDatasets.names == [Array("a/b/d".utf8)])
        // What is not below it has no reason to be there.
        #expect(readFileSystem([frame([("a/b@c", fill), ("a/bd@c", fill)])]).error?.reason == .unsupported)
        let many = (0..<40).map { (name: "a/b/\($0)@c", body: { (_: inout FileSystemBuilder) in }) }
        let tree = readFileSystem([frame([("a/b@c", fill)] + many)]).tree
        #expect(tree?.furtherDatasets.names.count == 16 && tree?.furtherDatasets.isLong == true)
    }

    @Test("Of a frame that has nothing of the dataset that was sent, it is said")
    func withoutUppermost() throws {
        let stream = frame([("a/b/d@c", fill), ("a/b/e@c", fill)])
        let error = readFileSystem([stream]).error
        #expect(error?.reason == .unsupported && error?.description.contains("only of those below") == true)
        var survey = StreamSurvey(volume: VolumeRecorder(), files: FileSystemReader())
        #expect(feed(stream, chunk: 999, to: &survey) == nil)
        #expect(survey.contentFault?.contains("only of those below") == true && survey.headers.isEmpty)
        #expect(survey.snapshotCount == 2 && survey.furtherDatasets.names.count == 2)
    }

    @Test("What follows a frame, in another stream, may be called like one below it")
    func behind() {
        var fs = FileSystemBuilder(guid: 2, origin: 1, name: "a/b/d@f")
        fs.stream.write(3, at: 0, noise(1024, seed: 2))
        fs.stream.end()
        let reading = readFileSystem([frame([("a/b@c", fill), ("a/b/d@c", { _ in })]), fs.stream.bytes])
        #expect(reading.error == nil && reading["file"]?.content == noise(1024, seed: 2))
    }
}

extension CorpusTests {
    @Test("Redacted file systems of OpenZFS are read but for what was left out, and their increments wholly")
    func redacted() throws {
        for name in ["big-endian-all-drr-types-base-NATIVE", "big-endian-all-drr-types-base-XDR"] {
            let base = try Corpus.stream(name)
            let reading = readFileSystem([base])
            #expect(reading.error == nil && reading.paths.count == 6, "\(name)")
            let redacted = reading["to-be-redacted"]
            #expect(reading.tree?.redactedObjects.count == 1 && redacted?.attributes.size == 9)
            let known = reading.files.filter { $0.value.attributes.kind == .file && $0.key != "to-be-redacted" }
            #expect(known.count == 4 && known.values.allSatisfy { $0.content.contains { $0 != 0 } })
            #expect(known.values.allSatisfy { $0.attributes.extendedAttributes.isEmpty == (known["small"] == $0) })

            let later = readFileSystem([base, try Corpus.stream(name.replacing("-base-", with: "-incr-"))])
            #expect(later.error == nil && later.tree?.redactedObjects.isEmpty == true && later["to-be-redacted"] == nil)
            #expect(later.tree?.furtherDatasets.names == [Array("test/redacted/encrypted".utf8)])
            // Its own tests made copies of all files.
            let copies = later.files.filter { $0.key.hasPrefix("copies/") }
            #expect(copies.count == 7)
            for (path, copy) in copies {
                #expect(later[String(path.dropFirst("copies/".count))]?.content == copy.content, "\(path)")
                #expect(copy.content.contains { $0 != 0 })
            }
            for (path, file) in known { #expect(later[path]?.content == file.content, "\(path)") }
        }
        let other = readFileSystem([try Corpus.stream("little-endian-all-drr-types-base-XDR")])
        #expect(other.error == nil && other.paths.count == 6 && other.tree?.redactedObjects.count == 1)
    }
}
