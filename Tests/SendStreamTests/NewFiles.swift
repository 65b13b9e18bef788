import SendStream
import Testing

/// A file system to be written, with its content.
struct NewFiles {
    var draft: FileSystemDraft
    private(set) var contents: [FileSystemDraft.Node: [UInt8]] = [:]

    init(limits: FileSystemLimits = FileSystemLimits()) {
        draft = FileSystemDraft(root: FileAttributes(.directory, permissions: 0o755), limits: limits)
    }

    /// - Parameter path: its directories are there.
    @discardableResult
    mutating func add(_ path: String, _ attributes: FileAttributes, _ content: [UInt8] = []) throws -> Int {
        let (directory, name) = try place(path)
        let node = try draft.add(attributes, as: name, in: directory)
        guard attributes.kind == .file else { return node }
        contents[node] = content
        var digest = SparseDigest()
        try unsafe digest.add(content.span.bytes, at: 0)
        draft.setContent(of: node, digest: digest.finalize())
        return node
    }

    @discardableResult
    mutating func file(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644, size: Int? = nil) throws -> Int {
        try add(path, FileAttributes(.file, permissions: mode, size: UInt64(size ?? content.count)), content)
    }

    @discardableResult
    mutating func directory(_ path: String, mode: UInt32 = 0o755) throws -> Int {
        try add(path, FileAttributes(.directory, permissions: mode))
    }

    @discardableResult
    mutating func link(_ path: String, to target: String) throws -> Int {
        var attributes = FileAttributes(.symbolicLink, permissions: 0o777)
        attributes.linkTarget = Array(target.utf8)
        return try add(path, attributes)
    }

    mutating func name(_ path: String, _ node: Int) throws {
        let (directory, name) = try place(path)
        try draft.link(node, as: name, in: directory)
    }

    func place(_ path: String) throws -> (directory: Int, name: [UInt8]) {
        var parts = path.split(separator: "/").map { Array($0.utf8) }
        let last = parts.popLast()
        let name = try #require(last)
        var directory = FileSystemDraft.root
        for part in parts {
            let next = draft.node(part, in: directory)
            directory = try #require(next)
        }
        return (directory, name)
    }

    /// - Parameter piece: bytes of content that are given at a time.
    func stream(piece: Int = 1 << 20) throws -> [UInt8] {
        var output = Collected()
        var writer = try FileSystemWriter(draft, name: "images/files@final", created: 1_700_000_000)
        try writer.begin(to: &output)
        while try writer.writeNext(to: &output) {}
        while let node = writer.nextFile {
            try writer.beginFile(to: &output)
            let content = contents[node] ?? []
            for start in stride(from: 0, to: content.count, by: piece) {
                let part = Array(content[start..<min(start + piece, content.count)])
                // What is zero need not be given.
                guard part.contains(where: { $0 != 0 }) else { continue }
                try unsafe writer.write(part.span.bytes, at: UInt64(start), to: &output)
            }
            try writer.endFile(to: &output)
        }
        try writer.finish(to: &output)
        try writer.end(to: &output)
        #expect(writer.byteCount == UInt64(output.bytes.count))
        return output.bytes
    }

    /// All kinds of files; large and small directories.
    static func everything() throws -> NewFiles {
        var files = NewFiles()
        var root = FileAttributes(.directory, permissions: 0o750)
        root.extendedAttributes = [.init(name: Array("user.root".utf8), value: [])]
        root.modified = 1_234_567_890
        try files.draft.describe(FileSystemDraft.root, root)
        try files.directory("etc")
        try files.directory("etc/empty", mode: 0o1777)
        try files.file("etc/os-release", Array("ID=test\n".utf8))
        let one = try files.file("etc/one", noise(600), mode: 0o4755)
        try files.directory("a")
        try files.name("a/other", one)
        try files.name("third", one)
        for (index, size) in [0, 1, 511, 512, 513, 130_000, 131_071, 131_072, 131_073, 700_001].enumerated() {
            try files.file("a/size-\(index)", noise(size, seed: UInt64(size)))
        }
        try files.file("a/sparse", zeros(500_000) + noise(10) + zeros(400_000), size: 2_000_000)
        try files.file("a/hole", [], size: 99_999)
        try files.link("short", to: "etc/one")
        try files.link("edge", to: String(repeating: "e", count: 56))
        try files.link("long", to: String(repeating: "l", count: 57))
        let longest = try files.link("longest", to: String(repeating: "x", count: 4095))
        try files.name("a/longest-too", longest)
        var node = FileAttributes(.characterDevice, permissions: 0o666)
        (node.deviceMajor, node.deviceMinor) = (1, 3)
        try files.add("null", node)
        node.kind = .blockDevice
        (node.deviceMajor, node.deviceMinor) = (259, 300_000)
        try files.add("disk", node)
        try files.add("fifo", FileAttributes(.fifo, permissions: 0o600))
        var whose = FileAttributes(.file, permissions: 0o604, size: 3)
        (whose.owner, whose.group) = (1234, 4_000_000_000)
        (whose.modified, whose.modifiedNanoseconds) = (-315_619_200, 123_456_789)
        whose.extendedAttributes = [
            .init(name: Array("user.small".utf8), value: Array("value".utf8)),
            .init(name: Array("security.capability".utf8), value: noise(20)),
            .init(name: Array("user.\(String(repeating: "n", count: 200))".utf8), value: noise(20_000)),
        ]
        try files.add("whose", whose, Array("abc".utf8))
        for mode in 0..<0o1000 { try files.file("mode-\(mode)", [], mode: UInt32(mode)) }
        try files.directory("micro")
        for index in 0..<2047 { try files.file("micro/\(index)", []) }
        try files.directory("fat")
        for index in 0..<2048 { try files.directory("fat/\(index)") }
        // Names whose hashes are so near to each other that the table of leaves outgrows its header.
        try files.directory("near")
        for name in EqualHashes.names(1 << 9, length: 60, bits: 12) {
            try files.file("near/\(String(decoding: name, as: UTF8.self))", [])
        }
        try files.directory("names")
        for length in 1...255 { try files.file("names/" + String(repeating: "a", count: length), []) }
        for name in ["grüße", "two\nlines", " ", "-", "\u{1}", "…"] {
            try files.file("names/\(name)", Array(name.utf8))
        }
        return files
    }
}

struct Collected: StreamSink {
    var bytes: [UInt8] = []

    mutating func write(_ span: RawSpan) { unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
}
