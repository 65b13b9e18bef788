import SendStream
import Testing

/// File systems that are written: what is read of the stream must be what was meant.
@Suite struct NewFileSystemTests {
    @Test("All kinds of files are read again as they were written")
    func everything() throws {
        let files = try NewFiles.everything()
        let stream = try files.stream()
        let reading = readFileSystem([stream])
        #expect(reading.error == nil && reading.tree?.version == 4)
        try check(reading, files)
        #expect(reading["a/other"]?.attributes.linkCount == 3)
        #expect(reading["etc/one"]?.firstPath == "a/other" && reading["third"]?.firstPath == "a/other")
        #expect(reading["long"]?.attributes.linkTarget.count == 57)
        #expect(reading["fat"]?.attributes.linkCount == 2050 && reading["fat"]?.attributes.size == 2050)
        #expect(reading["disk"]?.attributes.deviceMajor == 259 && reading["disk"]?.attributes.deviceMinor == 300_000)
        #expect(reading["whose"]?.attributes.extendedAttributes.count == 3)
    }

    @Test("The stream does not depend on how content is cut, and begins with what every ZFS takes")
    func pieces() throws {
        let files = try NewFiles.everything()
        let stream = try files.stream()
        for piece in [1 << 17, 100_000, 4096] { #expect(try files.stream(piece: piece) == stream) }
        let reading = read(stream, chunks: [1 << 20])
        #expect(reading.error == nil && reading.uncheckedCount == 0)
        let header = try #require(reading.headers.first)
        #expect(header.kind == .fileSystem && header.originGUID == nil && header.features.names.isEmpty)
        #expect(header.name == Array("images/files@final".utf8) && header.created == 1_700_000_000)
        // Objects ascend, and so does what is written of each: receivers ask for no less.
        var reached: (object: UInt64, offset: UInt64) = (0, 0)
        for record in reading.records {
            switch record {
            case .object(let object):
                #expect(object.object > reached.object && object.blockSize <= 1 << 17)
                reached = (object.object, 0)
            case .write(let write):
                #expect(write.object == reached.object && write.offset >= reached.offset)
                reached.offset = write.offset + 1
            default: break
            }
        }
    }

    @Test("The guid follows from all that there is, and from nothing else")
    func guid() throws {
        func guid(_ change: (inout NewFiles) throws -> Void) throws -> UInt64 {
            var files = NewFiles()
            try files.directory("d")
            try files.file("d/file", Array("content".utf8))
            try files.file("second", Array("other".utf8))
            try change(&files)
            let header = read(try files.stream(), chunks: [1 << 20]).headers.first
            return try #require(header?.guid)
        }
        let plain = try guid { _ in }
        #expect(try guid { _ in } == plain)
        // What came and went again leaves no trace; nor does the order in which directories came.
        let undone = try guid { files in
            try files.directory("x")
            try files.file("x/y", noise(100))
            files.draft.remove(Array("x".utf8), from: FileSystemDraft.root)
        }
        #expect(undone == plain)
        let changes: [(inout NewFiles) throws -> Void] = [
            { try $0.directory("e") }, { try $0.file("d/more", []) }, { try $0.link("l", to: "d") },
            { files in
                var attributes = FileAttributes(.directory, permissions: 0o755)
                attributes.modified = 1
                try files.draft.describe(FileSystemDraft.root, attributes)
            },
            { files in
                files.draft.remove(Array("second".utf8), from: FileSystemDraft.root)
                try files.file("second", Array("Other".utf8))
            },
            { files in
                var attributes = FileAttributes(.file, permissions: 0o644, size: 5)
                attributes.extendedAttributes = [.init(name: [0x61], value: [1])]
                files.draft.remove(Array("second".utf8), from: FileSystemDraft.root)
                try files.add("second", attributes, Array("other".utf8))
            },
        ]
        var seen: Set = [plain]
        for change in changes { #expect(try seen.insert(guid(change)).inserted) }
        // It is how others know what was made here: it must not change.
        #expect(plain == Self.known, "\(plain)")
    }

    private static let known: UInt64 = 15_763_504_080_061_492_793

    @Test("Names that go take along what has no other name")
    func removal() throws {
        var files = NewFiles()
        try files.directory("d")
        try files.directory("d/e")
        let one = try files.file("d/e/one", noise(10))
        try files.name("kept", one)
        let gone = try files.file("d/e/two", noise(10))
        files.draft.remove(Array("d".utf8), from: FileSystemDraft.root)
        files.draft.remove(Array("nothing".utf8), from: FileSystemDraft.root)
        #expect(files.draft.attributes(of: gone) == nil)
        let reading = readFileSystem([try files.stream()])
        #expect(reading.error == nil && reading.paths == ["", "kept"] && reading["kept"]?.attributes.linkCount == 1)
    }

    @Test("A directory of very many names, and of names with equal hashes")
    func hashes() throws {
        var files = NewFiles()
        for index in 0..<5000 { try files.file("a name that is not so short, of file \(index)", []) }
        let reading = readFileSystem([try files.stream()])
        #expect(reading.error == nil && reading.paths.count == 5001)

        var twins = NewFiles()
        for name in EqualHashes.names(1 << 9, length: 40, bits: 28) {
            let node = try twins.draft.add(FileAttributes(.directory, permissions: 0o755), as: name, in: 0)
            #expect(node > 0)
        }
        let equal = readFileSystem([try twins.stream()])
        #expect(equal.error == nil && equal.paths.count == 513)
        for name in EqualHashes.names(1 << 11, length: 40, bits: 28).dropFirst(1 << 9) {
            try twins.draft.add(FileAttributes(.directory, permissions: 0o755), as: name, in: 0)
        }
        let error = #expect(throws: StreamError.self) { _ = try twins.stream() }
        #expect(error?.reason == .limit)
    }

    /// What cannot be: each with its reason.
    @Test("What ZFS has no room for is refused")
    func refused() throws {
        var files = NewFiles()
        let directory = try files.directory("d")
        let plain = FileAttributes(.file, permissions: 0o644)
        for name in ["", ".", "..", "a/b", "a\0", "d", String(repeating: "n", count: 256)] {
            #expect(throws: StreamError.self) {
                try files.draft.add(plain, as: Array(name.utf8), in: FileSystemDraft.root)
            }
        }
        #expect(throws: StreamError.self) { try files.draft.link(directory, as: Array("e".utf8), in: directory) }
        let file = try files.file("f", [])
        #expect(throws: StreamError.self) { try files.draft.add(plain, as: Array("x".utf8), in: file) }
        var attributes = [FileAttributes](repeating: plain, count: 5)
        attributes[0].size = .max
        attributes[1].kind = .socket
        attributes[2].kind = .symbolicLink
        attributes[3].extendedAttributes = [.init(name: Array("a/b".utf8), value: [])]
        attributes[4].kind = .characterDevice
        attributes[4].deviceMajor = 4096
        for (index, one) in attributes.enumerated() {
            #expect(throws: StreamError.self, "\(index)") {
                try files.draft.add(one, as: Array("new".utf8), in: FileSystemDraft.root)
            }
        }
        var small = NewFiles(limits: FileSystemLimits(bytes: 10_000))
        let error = #expect(throws: StreamError.self) {
            for index in 0..<100 { try small.file("\(index)", []) }
        }
        #expect(error?.reason == .limit)
    }

    @Test("What comes out of order, or is too much, is refused")
    func order() throws {
        var files = NewFiles()
        try files.file("f", noise(10))
        var output = Collected()
        var writer = try FileSystemWriter(files.draft, name: "a@b", created: 0)
        #expect(throws: StreamError.self) { try writer.finish(to: &output) }
        try writer.begin(to: &output)
        #expect(throws: StreamError.self) { try writer.beginFile(to: &output) }
        while try writer.writeNext(to: &output) {}
        #expect(throws: StreamError.self) { try writer.finish(to: &output) }
        let bytes = noise(8)
        #expect(throws: StreamError.self) { try unsafe writer.write(bytes.span.bytes, at: 0, to: &output) }
        try writer.beginFile(to: &output)
        #expect(throws: StreamError.self) { try unsafe writer.write(bytes.span.bytes, at: 4, to: &output) }
        #expect(throws: StreamError.self) { try writer.beginFile(to: &output) }
        for name in ["none", "a\0@b", String(repeating: "a", count: 255) + "@b"] {
            #expect(throws: StreamError.self) { _ = try FileSystemWriter(files.draft, name: name, created: 0) }
        }
    }

    /// Compares with what was meant.
    private func check(_ reading: FileSystemReading, _ files: NewFiles) throws {
        for (path, file) in reading.files where !path.isEmpty {
            let (directory, name) = try files.place(path)
            let node = try #require(files.draft.node(name, in: directory))
            var expected = try #require(files.draft.attributes(of: node))
            if expected.kind == .file {
                var content = files.contents[node] ?? []
                content += zeros(Int(expected.size) - content.count)
                #expect(file.content == content, "\(path)")
            }
            var found = file.attributes
            found.extendedAttributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
            expected.extendedAttributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
            #expect(found.extendedAttributes == expected.extendedAttributes, "\(path)")
            #expect(found.kind == expected.kind && found.permissions == expected.permissions, "\(path)")
            #expect(found.owner == expected.owner && found.group == expected.group, "\(path)")
            #expect(found.modified == expected.modified, "\(path)")
            #expect(found.modifiedNanoseconds == expected.modifiedNanoseconds, "\(path)")
            #expect(found.linkTarget == expected.linkTarget && !found.hasAccessControlList, "\(path)")
            #expect(found.deviceMajor == expected.deviceMajor && found.deviceMinor == expected.deviceMinor, "\(path)")
        }
        let count = 2047 + 2048 + 255 + 6 + 512 + 512 + 33
        #expect(reading.files.count == count, "\(reading.files.count)")
    }
}
