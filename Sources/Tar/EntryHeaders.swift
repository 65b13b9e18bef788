/// The headers that stand before an entry's own, and what they make of it.
struct EntryHeaders {
    private var global = PaxHeader()
    private var local: PaxHeader?
    private var longPath: [UInt8]?
    private var longTarget: [UInt8]?

    enum Extension { case pax, global, longPath, longTarget }

    /// What a header of this type announces; nil for an entry.
    static func announced(by type: UInt8) -> Extension? {
        switch type {
        case UInt8(ascii: "x"): .pax
        case UInt8(ascii: "g"): .global
        case UInt8(ascii: "L"): .longPath
        case UInt8(ascii: "K"): .longTarget
        default: nil
        }
    }

    /// An entry must follow.
    var isPending: Bool { local != nil || longPath != nil || longTarget != nil }

    mutating func add(_ content: [UInt8], as kind: Extension) throws(TarFault) {
        switch kind {
        case .pax:
            guard local == nil else { throw TarFault(.ambiguous, "two pax headers for one entry") }
            local = try PaxHeader(records: content)
        case .global:
            guard !isPending else { throw TarFault(.ambiguous, "a global header between an entry and its own header") }
            try global.merge(global: PaxHeader(records: content))
        case .longPath:
            guard longPath == nil else { throw TarFault(.ambiguous, "two long names for one entry") }
            longPath = try EntryHeaders.name(content)
        case .longTarget:
            guard longTarget == nil else { throw TarFault(.ambiguous, "two long link targets for one entry") }
            longTarget = try EntryHeaders.name(content)
        }
    }

    private static func name(_ content: [UInt8]) throws(TarFault) -> [UInt8] {
        let name = Array(content.prefix { $0 != 0 })
        guard !name.isEmpty else { throw TarFault(.badExtendedHeader, "a long name is empty") }
        guard content[name.count...].allSatisfy({ $0 == 0 }) else {
            throw TarFault(.ambiguous, "a long name has a NUL in it")
        }
        return name
    }

    /// An entry with its content: what is stored in the archive, and where it belongs.
    struct Described {
        var entry: TarEntry
        /// Bytes in the archive.
        let stored: UInt64
        var map: SparseMap
        /// The map is at the head of the content (sparse files of pax version 1.0).
        var mapIsInContent = false
        /// More of the map follows the header (sparse files of type `S`).
        var mapGoesOn = false
    }

    /// The entry that a header and those before it describe. The latter are used up.
    mutating func take(_ block: HeaderBlock, _ limits: TarLimits) throws(TarFault) -> Described {
        let pax = (local ?? PaxHeader()).over(global)
        let isOldSparse = block.type == UInt8(ascii: "S")
        let plain = try block.path()
        let path = try agreed(pax.text("path"), longPath, "path") ?? plain
        let target = try agreed(pax.text("linkpath"), longTarget, "link target") ?? block.linkTarget
        let stored = try EntryHeaders.size(block, pax)
        let kind = try EntryKind.read(block, path: path)
        defer {
            local = nil
            longPath = nil
            longTarget = nil
        }
        var entry = TarEntry(path: pax.text("GNU.sparse.name") ?? path, kind: kind)
        guard !entry.path.isEmpty else { throw TarFault(.badHeader, "an entry has no name") }
        guard entry.path.count <= limits.nameLength, target.count <= limits.nameLength else {
            throw TarFault(.limit, "a name is longer than \(limits.nameLength) bytes")
        }
        if kind == .symbolicLink || kind == .hardLink {
            guard !target.isEmpty else { throw TarFault(.badHeader, "a link has no target") }
            entry.linkTarget = target
        }
        guard kind == .file || stored == 0 else {
            throw TarFault(.ambiguous, "an entry that is no file has a size of \(stored)")
        }
        entry.mode = try block.mode()
        entry.uid = try EntryHeaders.identity(pax.number("uid"), block.uid())
        entry.gid = try EntryHeaders.identity(pax.number("gid"), block.gid())
        let modified = try block.modified()
        entry.modified = try pax.modified() ?? TarTime(seconds: modified)
        entry.extendedAttributes = pax.attributes
        if kind == .characterDevice || kind == .blockDevice {
            entry.deviceMajor = try EntryHeaders.device(try block.deviceMajor())
            entry.deviceMinor = try EntryHeaders.device(try block.deviceMinor())
        }
        var described = Described(entry: entry, stored: stored, map: SparseMap(whole: stored))
        described.entry.size = stored
        if isOldSparse {
            try EntryHeaders.describeOld(&described, block, pax)
        } else {
            try EntryHeaders.describeSparse(&described, pax)
        }
        return described
    }

    private func agreed(_ pax: [UInt8]?, _ gnu: [UInt8]?, _ what: String) throws(TarFault) -> [UInt8]? {
        if let pax, let gnu, pax != gnu { throw TarFault(.ambiguous, "an entry has two different \(what)s") }
        return pax ?? gnu
    }

    /// The bytes an entry has in the archive. The field of the header cannot hold every number, but what it holds must
    /// not be another one: a reader without pax would go on elsewhere.
    private static func size(_ block: HeaderBlock, _ pax: PaxHeader) throws(TarFault) -> UInt64 {
        let plain = try block.size()
        guard let size = try pax.number("size") else { return plain }
        guard plain == size || plain == 0 || block.sizeIsSaturated else {
            throw TarFault(.ambiguous, "an entry has the size \(plain) in one header and \(size) in another")
        }
        return size
    }

    /// A user or group. The highest number means nobody to any system.
    private static func identity(_ pax: UInt64?, _ plain: Int64) throws(TarFault) -> UInt32 {
        let number = pax.map { UInt32(exactly: $0) } ?? UInt32(exactly: plain)
        guard let number, number != .max else {
            throw TarFault(
                pax == nil ? .badHeader : .badExtendedHeader,
                "a user or group is no number from 0 to \(UInt32.max - 1)")
        }
        return number
    }

    private static func device(_ number: Int64) throws(TarFault) -> UInt32 {
        guard let device = UInt32(exactly: number) else { throw TarFault(.badHeader, "a device has a bad number") }
        return device
    }
}
