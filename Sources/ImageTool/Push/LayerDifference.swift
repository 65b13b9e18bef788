import Failure
import SendStream

/// What a layer must hold so that a tree becomes another: entries that are new or others than before, in the order of their
/// names, and whiteouts of what is gone (OCI image-spec, layer.md, "Change Types"). The folders on the way to each are there, too, though
/// they did not change: whoever unpacks it would else leave them the time of the unpacking.
///
/// Of what has several names all are in the layer if one of them is: that which replaces one would not be the others.
struct LayerDifference: Sendable {
    enum Item: Sendable {
        /// The index of a name in the tree.
        case entry(Int)
        /// A path below the root, that of the whiteout.
        case whiteout([UInt8])
    }

    private(set) var items: [Item] = []
    /// Names of sockets and doors, which archives do not have.
    private(set) var leftOut = 0

    /// Where images have the root of their system.
    static let root = Array("root".utf8)
    private static let whiteout = Array(".wh.".utf8)

    /// - Parameters:
    ///   - tree: the image's.
    ///   - origin: that of its origin; nil if there is none, so that all of it is in the layer.
    ///   - touched: the objects of which content is others than before.
    /// - Throws: `UnsupportedImage` for a tree that no layer can hold.
    init(_ tree: FileSystemTree, from origin: FileSystemTree?, touched: Set<UInt64>) throws(Failure) {
        let new = Walk(tree, try Self.rootIndices(tree))
        let old = try origin.map { origin throws(Failure) in Walk(origin, try Self.rootIndices(origin)) }
        var changed: Set<UInt64> = []
        if let old {
            var differences = Comparison(old, new)
            while let step = differences.next() {
                switch step {
                case .both(let before, let now):
                    if !Self.isSame(before, now, touched) { changed.insert(now.object) }
                case .new(let now): changed.insert(now.object)
                case .gone: break
                }
            }
            var again = Comparison(old, new)
            var above = FoldersAbove()
            while let step = again.next() {
                switch step {
                case .both(_, let now) where !changed.contains(now.object):
                    if now.attributes.kind == .directory { above.enter(now.path, again.index) }
                case .both(let before, let now):
                    items += above.take(now.path).map { .entry($0) }
                    try add(now, again.index)
                    // What it took the place of would stay.
                    if !now.isInArchives, before.isInArchives {
                        items.append(.whiteout(try Self.whiteout(of: now.path)))
                    }
                case .new(let now):
                    items += above.take(now.path).map { .entry($0) }
                    try add(now, again.index)
                case .gone(let path):
                    items += above.take(path).map { .entry($0) }
                    items.append(.whiteout(try Self.whiteout(of: path)))
                }
            }
        } else {
            var walk = new
            while let entry = walk.current {
                try add(entry, walk.index)
                walk.advance()
            }
        }
    }

    private mutating func add(_ entry: FileSystemEntry, _ index: Int) throws(Failure) {
        guard entry.isInArchives else {
            leftOut += 1
            return
        }
        let name = entry.path.split(separator: UInt8(ascii: "/")).last ?? []
        guard !name.starts(with: Self.whiteout) else {
            throw Self.unfit(entry.path, "its name is that of a whiteout")
        }
        items.append(.entry(index))
    }

    private static func isSame(_ before: FileSystemEntry, _ now: FileSystemEntry, _ touched: Set<UInt64>) -> Bool {
        before.object == now.object && before.attributes.isSame(now.attributes)
            && (now.attributes.kind != .file || !touched.contains(now.object))
    }

    private static func whiteout(of path: [UInt8]) throws(Failure) -> [UInt8] {
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let start = slash.map { path.index(after: $0) } ?? path.startIndex
        guard path.count - start + whiteout.count <= 255 else {
            throw unfit(path, "it was removed, and there is no room for .wh. before its name")
        }
        return path[..<start] + whiteout + path[start...]
    }

    private static func unfit(_ path: [UInt8], _ why: String) -> Failure {
        Failure(
            .unsupportedImage,
            "\"\(String(decoding: path.prefix(200), as: UTF8.self))\" cannot be in a layer: \(why)")
    }

    /// - Throws: `UnsupportedImage` if there is no root.
    private static func rootIndices(_ tree: FileSystemTree) throws(Failure) -> Range<Int> {
        guard let index = tree.index(of: root), tree.entry(index)?.attributes.kind == .directory else {
            throw Failure(
                .unsupportedImage, "the image has no folder root/, where the files of a system would lie",
                hint: "imgadm export -o NAME.tar makes an archive of all its files")
        }
        return tree.subtree(index)
    }
}

extension FileSystemEntry {
    /// Sockets and doors are not.
    fileprivate var isInArchives: Bool { attributes.kind != .socket && attributes.kind != .other }
}

extension FileAttributes {
    /// To an archive they are the same.
    fileprivate func isSame(_ other: FileAttributes) -> Bool {
        kind == other.kind && permissions == other.permissions && owner == other.owner && group == other.group
            && modified == other.modified && modifiedNanoseconds == other.modifiedNanoseconds
            && deviceMajor == other.deviceMajor && deviceMinor == other.deviceMinor && linkTarget == other.linkTarget
            && (kind == .directory || size == other.size && linkCount == other.linkCount)
            && Set(extendedAttributes) == Set(other.extendedAttributes)
    }
}

/// The names below a root, in the order of their paths.
private struct Walk {
    let tree: FileSystemTree
    private let end: Int
    private(set) var index: Int
    private(set) var current: FileSystemEntry?

    init(_ tree: FileSystemTree, _ range: Range<Int>) {
        self.tree = tree
        index = range.lowerBound
        end = range.upperBound
        load()
    }

    private mutating func load() {
        guard index < end, var entry = tree.entry(index) else {
            current = nil
            return
        }
        entry.path = Self.below(entry.path)
        entry.firstPath = entry.firstPath.map(Self.below)
        current = entry
    }

    mutating func advance() {
        index += 1
        load()
    }

    mutating func skipSubtree() {
        index = tree.subtree(index).upperBound
        load()
    }

    /// A path of the tree as one below the root.
    static func below(_ path: [UInt8]) -> [UInt8] { Array(path.dropFirst(LayerDifference.root.count + 1)) }
}

/// Folders that did not change, and are on the way to what comes next, the uppermost first.
private struct FoldersAbove {
    private var folders: [(path: [UInt8], index: Int)] = []

    mutating func enter(_ path: [UInt8], _ index: Int) {
        folders.removeAll { !Self.isAbove(path, $0.path) }
        folders.append((path, index))
    }

    /// The indices of those above a path that were not taken before.
    mutating func take(_ path: [UInt8]) -> [Int] {
        defer { folders = [] }
        return folders.filter { Self.isAbove(path, $0.path) }.map(\.index)
    }

    private static func isAbove(_ path: [UInt8], _ folder: [UInt8]) -> Bool {
        folder.isEmpty
            || path.count > folder.count && path[folder.count] == UInt8(ascii: "/") && path.starts(with: folder)
    }
}

/// Two trees side by side.
private struct Comparison {
    private var old: Walk
    private var new: Walk
    /// Of the entry in the new tree that was given last.
    private(set) var index = 0

    enum Step {
        case both(FileSystemEntry, FileSystemEntry)
        case new(FileSystemEntry)
        case gone([UInt8])
    }

    init(_ old: Walk, _ new: Walk) {
        self.old = old
        self.new = new
    }

    mutating func next() -> Step? {
        while true {
            guard let before = old.current else { return takeNew() }
            if let now = new.current {
                if before.path == now.path {
                    // What a file takes the place of goes with it.
                    if before.attributes.kind == .directory, now.attributes.kind != .directory {
                        old.skipSubtree()
                    } else {
                        old.advance()
                    }
                    index = new.index
                    new.advance()
                    return .both(before, now)
                }
                guard Self.precedes(before.path, now.path) else { return takeNew() }
            }
            if let gone = takeGone(before) { return gone }
        }
    }

    private mutating func takeNew() -> Step? {
        guard let now = new.current else { return nil }
        index = new.index
        new.advance()
        return .new(now)
    }

    /// - Returns: nil for what no layer below has.
    private mutating func takeGone(_ before: FileSystemEntry) -> Step? {
        old.skipSubtree()
        return before.isInArchives ? .gone(before.path) : nil
    }

    /// A folder comes before what is in it, and that before its neighbours.
    private static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.lexicographicallyPrecedes(other) { key($0) < key($1) }
    }

    private static func key(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
}
