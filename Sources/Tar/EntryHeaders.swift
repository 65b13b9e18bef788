/// The headers that stand before an entry's own, and what they make of it.
struct EntryHeaders {
    private var local: PaxHeader?
    /// The archive has had a pax header.
    private var isPax = false
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

    mutating func add(_ content: [UInt8], as kind: Extension) throws(UnplacedTarError) {
        switch kind {
        // Of several headers of a kind the last one counts, alone.
        case .pax:
            local = try PaxHeader(records: content)
            isPax = true
        case .global:
            guard !isPending else {
                throw UnplacedTarError(.ambiguous, "a global header between an entry and its own header")
            }
            try PaxHeader(records: content).checkGlobal()
            isPax = true
        case .longPath: longPath = try EntryHeaders.name(content)
        case .longTarget: longTarget = try EntryHeaders.name(content)
        }
    }

    private static func name(_ content: [UInt8]) throws(UnplacedTarError) -> [UInt8] {
        let name = Array(content.prefix { $0 != 0 })
        guard !name.isEmpty else { throw UnplacedTarError(.badExtendedHeader, "a long name is empty") }
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
    mutating func take(_ block: HeaderBlock, _ limits: TarLimits) throws(UnplacedTarError) -> Described {
        let pax = local ?? PaxHeader()
        let isOldSparse = block.type == UInt8(ascii: "S")
        let plain = try block.path()
        let path = try agreed(pax.text("path"), longPath, "path") ?? plain
        let target = try agreed(pax.text("linkpath"), longTarget, "link target") ?? block.linkTarget
        let kind = try EntryKind.read(block, path: path)
        let stored = try stored(block, pax, kind)
        defer {
            local = nil
            longPath = nil
            longTarget = nil
        }
        var entry = TarEntry(path: pax.text("GNU.sparse.name") ?? path, kind: kind)
        guard !entry.path.isEmpty else { throw UnplacedTarError(.badHeader, "an entry has no name") }
        guard entry.path.count <= limits.nameLength, target.count <= limits.nameLength else {
            throw UnplacedTarError(.limit, "a name is longer than \(limits.nameLength) bytes")
        }
        if kind == .symbolicLink || kind == .hardLink {
            guard !target.isEmpty else { throw UnplacedTarError(.badHeader, "a link has no target") }
            entry.linkTarget = target
        }
        entry.mode = try block.mode()
        entry.uid = try EntryHeaders.identity(pax.number("uid"), block.uid())
        entry.gid = try EntryHeaders.identity(pax.number("gid"), block.gid())
        let modified = try block.modified()
        entry.modified = try pax.modified() ?? TarTime(seconds: modified)
        entry.extendedAttributes = pax.attributes
        if kind == .characterDevice || kind == .blockDevice {
            entry.deviceMajor = try EntryHeaders.device(try block.deviceMajor(), most: 0xfff)
            entry.deviceMinor = try EntryHeaders.device(try block.deviceMinor(), most: 0xf_ffff)
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

    private func agreed(_ pax: [UInt8]?, _ gnu: [UInt8]?, _ what: String) throws(UnplacedTarError) -> [UInt8]? {
        if let pax, let gnu, pax != gnu { throw UnplacedTarError(.ambiguous, "an entry has two different \(what)s") }
        return pax ?? gnu
    }

    /// The bytes an entry has in the archive. What is no file has none, whatever old writers have in the field of its size;
    /// but libarchive looks for those of a hard link in a pax archive, and for as many as pax says of whatever it is.
    private func stored(_ block: HeaderBlock, _ pax: PaxHeader, _ kind: TarEntry.Kind) throws(UnplacedTarError)
        -> UInt64
    {
        let stated = try pax.number("size")
        let size = if let stated { stated } else { try block.size() }
        if kind == .file { return size }
        guard size == 0 || stated == nil && !(kind == .hardLink && isPax && block.dialect == .posix) else {
            throw UnplacedTarError(.ambiguous, "an entry that is no file has a size of \(size)")
        }
        return 0
    }

    /// A user or group; the highest number, or -1, is nobody to any system.
    private static func identity(_ pax: UInt64?, _ plain: Int64) throws(UnplacedTarError) -> UInt32 {
        let number = pax.map { UInt32(exactly: $0) } ?? (plain == -1 ? .max : UInt32(exactly: plain))
        guard let number else {
            throw UnplacedTarError(
                pax == nil ? .badHeader : .badExtendedHeader, "a user or group is no number from 0 to \(UInt32.max)")
        }
        return number
    }

    /// - Parameter most: what Linux has bits for (makedev(3)).
    private static func device(_ number: Int64, most: UInt32) throws(UnplacedTarError) -> UInt32 {
        guard let device = UInt32(exactly: number), device <= most else {
            throw UnplacedTarError(.badHeader, "a device has a bad number")
        }
        return device
    }
}
