import Glibc
import SystemPackage

@testable import Layers
@testable import Tar

/// What must hold of any two layers, one on top of the other: nothing beside the root is touched, and the order in which a
/// layer's whiteouts and its other entries stand makes no difference.
///
/// The bytes are read as a list of entries, four bytes and more each: mutated archives would seldom get past their headers.
///
/// Memory: 160 MiB: content goes to the disk, and of entries there are as many as the input has bytes for.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLayers(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var source = Source(bytes: Array(UnsafeBufferPointer(start: start, count: count))[...])
    let layers = [source.layer(), source.layer(), source.layer()]
    let ground = Ground.shared
    ground.clear()
    var below: [[Step]] = []
    for layer in layers {
        do {
            try ground.unpack(layer, above: &below)
        } catch is LayerError {
            break
        } catch let failure as EntryError where failure.errno.isOrdinary {
            break
        } catch {
            preconditionFailure("\(error)")
        }
    }
    precondition(ground.outside() == ground.before, "something beside the root has changed")
    return 0
}

/// An entry and its content.
struct Step {
    var entry: TarEntry
    var content: [UInt8]
}

private struct Source {
    var bytes: ArraySlice<UInt8>

    private static let names = [
        "a", "b", "c", "..", ".", "", ".wh.a", ".wh.b", ".wh..wh..opq", ".wh...", ".wh..", ".wh.", "outside", "file",
        "root",
        ".wh.c", ".wh..wh.plnk", ".wh..wh.plnk/a",
    ]
    private static let kinds: [TarEntry.Kind] = [
        .file, .directory, .symbolicLink, .hardLink, .fifo, .file, .directory, .symbolicLink, .characterDevice,
    ]

    mutating func next() -> Int { bytes.popFirst().map { Int($0) } ?? 0 }

    mutating func path() -> [UInt8] {
        let shape = next()
        var text = shape & 1 == 0 ? "" : "/"
        for place in 0...(shape >> 1) % 5 {
            text += (place > 0 ? "/" : "") + Source.names[next() % Source.names.count]
        }
        return Array((text.isEmpty ? "." : text).utf8)
    }

    /// Up to a zero, at most twelve entries.
    mutating func layer() -> [Step] {
        var steps: [Step] = []
        while !bytes.isEmpty, steps.count < 12 {
            let kind = next()
            guard kind != 0 else { break }
            var entry = TarEntry(path: path(), kind: Source.kinds[kind % Source.kinds.count])
            if entry.kind == .symbolicLink || entry.kind == .hardLink { entry.linkTarget = path() }
            entry.mode = UInt32(kind * 73) & 0o7777
            entry.uid = UInt32(kind & 3)
            entry.modified = TarTime(seconds: Int64(kind))
            var content: [UInt8] = []
            if entry.kind == .file {
                content = Array(repeating: UInt8(kind), count: kind % 7)
                entry.size = UInt64(content.count)
            }
            if kind & 64 != 0 { entry.extendedAttributes = [(Array("user.x".utf8), Array("y".utf8))] }
            steps.append(Step(entry: entry, content: content))
        }
        return steps
    }
}

/// A folder to unpack into, with one beside it that must stay as it is.
private final class Ground {
    nonisolated(unsafe) static let shared = Ground()
    let path: String
    private(set) var before: [String] = []

    init() {
        // Another user may have made one of any name that can be foreseen.
        var name = Array("/dev/shm/imgadm-fuzz-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { fatalError("no folder in /dev/shm: \(errno)") }
        path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        mkdir(path + "/outside", 0o755)
        let file = open(path + "/outside/file", O_CREAT | O_WRONLY, 0o600)
        write(file, "secret", 6)
        close(file)
        symlink("file", path + "/outside/link")
        before = outside()
        atexit {
            Ground.remove(Ground.shared.path + "/root")
            Ground.remove(Ground.shared.path)
        }
    }

    func clear() {
        Ground.remove(path + "/root")
        mkdir(path + "/root", 0o755)
    }

    /// As the image store does it: begun anew with the whiteouts first where they come too late.
    ///
    /// - Parameter below: the layers that are there, from which the tree is made anew.
    func unpack(_ layer: [Step], above below: inout [[Step]]) throws {
        do {
            try run(layer, LayerExtractor(root: path + "/root", hasLower: !below.isEmpty))
        } catch is WhiteoutOrder {
            clear()
            let layers = below
            below = []
            for lower in layers { try unpack(lower, above: &below) }
            var scan = WhiteoutScan()
            for step in layer {
                try scan.begin(step.entry)
                scan.end()
            }
            try run(layer, LayerExtractor(root: path + "/root", hasLower: !below.isEmpty, whiteouts: scan))
        }
        below.append(layer)
    }

    private func run(_ layer: [Step], _ extractor: LayerExtractor) throws {
        for step in layer {
            try extractor.begin(step.entry)
            if !step.content.isEmpty { try extractor.content(step.content.span.bytes, at: 0) }
            try extractor.end()
        }
        try extractor.finish()
    }

    /// What there is to see beside the root.
    func outside() -> [String] {
        ["", "/outside", "/outside/file", "/outside/link"].map { name in
            var status = stat()
            lstat(path + name, &status)
            // The root's coming and going changes the time of the folder that both are in.
            let time = name.isEmpty ? 0 : status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
            let links = name.isEmpty ? 0 : status.st_nlink
            return "\(status.st_mode) \(status.st_uid) \(links) \(name.isEmpty ? 0 : status.st_size) \(time)"
        } + Ground.names(path + "/outside").sorted()
            + Ground.names(path).filter { $0 != "root" }.sorted()
    }

    private static func names(_ folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }
    }

    private static func remove(_ path: String) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        for name in names(path) { remove(path + "/" + name) }
        rmdir(path)
    }
}

extension Errno {
    /// What an odd layer may well come upon.
    fileprivate var isOrdinary: Bool {
        [.fileExists, .isDirectory, .notDirectory, .notPermitted, .noSuchFileOrDirectory, .tooManySymbolicLinkLevels]
            .contains(self)
    }
}
