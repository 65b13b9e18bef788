import ImageModel
import JSON
import Tar

/// What is in an archive: how much, and of which system it is.
struct ArchiveInspector: TarVisitor {
    private var counts: [TarEntry.Kind: Int] = [:]
    private var bytes: UInt64 = 0
    private var whiteouts = 0
    private var firstPath: [UInt8]?
    private var unified = UnifiedImage()
    /// An `os-release` that is being read, and those that were.
    private var current: String?
    private var releases: [String: [UInt8]] = [:]

    /// - Throws: `TarError`; what reading throws.
    static func inspect(_ content: UnpackedFile) throws -> Inspection {
        var inspector = Self()
        var reader = TarReader()
        try content.read { bytes in try reader.feed(bytes, to: &inspector) }
        try reader.finish(to: &inspector)
        var inspection = inspector.inspection(of: reader.ending)
        if let remark = reader.ending.remark { inspection.remarks = ["the archive \"\(content.file.name)\" \(remark)"] }
        return inspection
    }

    mutating func begin(_ entry: TarEntry) {
        counts[entry.kind, default: 0] += 1
        let (sum, overflow) = bytes.addingReportingOverflow(entry.size)
        bytes = overflow ? .max : sum
        if firstPath == nil { firstPath = entry.path }
        unified.add(UnifiedImagePlace(of: entry.path))
        let parts = entry.path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        if parts.last?.starts(with: ".wh.".utf8) ?? false { whiteouts += 1 }
        let path = String(decoding: Array(parts.joined(separator: CollectionOfOne(UInt8(ascii: "/")))), as: UTF8.self)
        current = entry.kind == .file && OSReleasePaths.all.contains(path) ? path : nil
        if let current { releases[current] = [] }
    }

    mutating func content(_ bytes: RawSpan, at offset: UInt64) {
        guard let current, let known = releases[current], known.count <= OSRelease.longest else { return }
        unsafe bytes.withUnsafeBytes { unsafe releases[current]?.append(contentsOf: $0.prefix(OSRelease.longest + 1)) }
    }

    mutating func end() {}

    private func inspection(of ending: TarReader.Ending) -> Inspection {
        var facts: JSONObject = ["entries": .number(JSONNumber(counts.values.reduce(0, +)))]
        let names: [(TarEntry.Kind, String)] = [
            (.file, "files"), (.directory, "directories"), (.symbolicLink, "links"), (.hardLink, "hard_links"),
        ]
        for (kind, name) in names { facts[name] = .number(JSONNumber(counts[kind] ?? 0)) }
        facts["file_bytes"] = .bytes(bytes)
        facts["end_mark"] = .bool(ending != .unmarked)
        if ending == .followed { facts["followed"] = true }
        // What only layers of docker images have.
        if whiteouts > 0 { facts["whiteouts"] = .number(JSONNumber(whiteouts)) }
        if firstPath.map({ String(decoding: $0, as: UTF8.self).lowercased().hasSuffix(".ovf") }) ?? false {
            facts["appliance"] = true
        }
        facts["incus"] = unified.type.map { .string($0) }
        var inspection = Inspection()
        inspection.facts["archive"] = .object(facts)
        let release = OSReleasePaths.all.lazy.compactMap { releases[$0].flatMap { OSRelease($0) } }.first
        if let release { inspection.facts["os_release"] = .object(release.facts) }
        return inspection
    }
}

/// Whether an archive is an image of incus or LXD in one file, by all that it has.
private struct UnifiedImage {
    private var hasDescription = false
    private var hasDisk = false
    private var hasSystem = false
    private var hasMore = false

    mutating func add(_ place: UnifiedImagePlace) {
        switch place {
        case .top: break
        case .description: hasDescription = true
        case .disk: hasDisk = true
        case .system: hasSystem = true
        case .elsewhere: hasMore = true
        }
    }

    /// As incus calls it; nil for another archive.
    var type: String? {
        guard hasDescription, !hasMore, hasDisk != hasSystem else { return nil }
        return hasDisk ? "virtual-machine" : "container"
    }
}
