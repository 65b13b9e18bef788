import SendStream
import Testing

/// What came of reading the streams of a file system: names, attributes, content.
struct FileSystemReading {
    struct File: Equatable {
        var attributes: FileAttributes
        var firstPath: String?
        var content: [UInt8] = []
    }

    var files: [String: File] = [:]
    /// In the order in which they come.
    var paths: [String] = []
    var tree: FileSystemTree?
    var error: StreamError?

    subscript(path: String) -> File? { files[path] }
}

/// Reads a file system of its stream and of those that it builds on, base first.
func readFileSystem(
    _ streams: [[UInt8]], limits: FileSystemLimits = FileSystemLimits(), chunk: Int = 1 << 16
) -> FileSystemReading {
    var reading = FileSystemReading()
    var reader = FileSystemReader(limits: limits)
    for stream in streams {
        if let error = feed(stream, chunk: chunk, to: &reader) {
            reading.error = error
            return reading
        }
    }
    do {
        var tree = try reader.tree()
        if !tree.attributeObjects.isEmpty {
            var values = FileContents(tree, of: tree.attributeObjects, to: SmallContents(of: tree))
            for stream in streams {
                if let error = feed(stream, chunk: chunk, to: &values) {
                    reading.error = error
                    return reading
                }
            }
            tree.setAttributes(values.visitor.contents)
        }
        // Of files of which a part was left out, the content cannot be asked for.
        let known = (0..<tree.count).compactMap { tree.attributes($0)?.object }
        let wanted = tree.redactedObjects.isEmpty ? nil : Set(known).subtracting(tree.redactedObjects)
        var contents = FileContents(tree, of: wanted, to: WholeContents())
        for stream in streams { #expect(feed(stream, chunk: chunk, to: &contents) == nil) }
        for index in 0..<tree.count {
            guard let entry = tree.entry(index) else { continue }
            let path = String(decoding: entry.path, as: UTF8.self)
            var content = contents.visitor.contents[entry.object] ?? []
            if entry.attributes.kind == .file, content.count < Int(entry.attributes.size) {
                content += zeros(Int(entry.attributes.size) - content.count)
            }
            reading.paths.append(path)
            reading.files[path] = .init(
                attributes: entry.attributes, firstPath: entry.firstPath.map { String(decoding: $0, as: UTF8.self) },
                content: content)
        }
        reading.tree = tree
    } catch {
        reading.error = error
    }
    return reading
}

/// All content, in memory.
struct WholeContents: FileContentVisitor {
    var contents: [UInt64: [UInt8]] = [:]

    mutating func data(_ bytes: RawSpan, of object: UInt64, at offset: UInt64, stream: Int) {
        let end = Int(offset) + bytes.byteCount
        var content = contents.removeValue(forKey: object) ?? []
        if content.count < end { content += zeros(end - content.count) }
        content.replaceSubrange(Int(offset)..<end, with: copy(bytes))
        contents[object] = content
    }

    mutating func hole(of object: UInt64, from offset: UInt64, to end: UInt64?, stream: Int) {
        guard var content = contents.removeValue(forKey: object) else { return }
        for place in Int(offset)..<max(Int(offset), min(content.count, end.map { Int($0) } ?? .max)) {
            content[place] = 0
        }
        contents[object] = content
    }
}
