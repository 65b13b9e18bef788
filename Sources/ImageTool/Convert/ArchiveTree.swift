import Layers
import SendStream
import Tar

/// The tree that the entries of an archive make, in memory: the same as they make on a disk (``LayerExtractor``), whatever their
/// order is, and whatever links stand in the way. It lies in a folder of the file system, as that of other images of Linux does.
struct ArchiveTree {
    private(set) var draft: FileSystemDraft
    /// What the archive calls `/`.
    let top: FileSystemDraft.Node
    /// Extended attributes that such an entry cannot have, or that ZFS does not keep.
    private(set) var lostAttributes = 0
    /// Links followed on the way to an entry.
    private var links = 0

    /// Where a zone, or a container, looks for its root.
    private static let folder = "root"

    /// - Throws: `StreamError`.
    init() throws {
        let plain = FileAttributes(.directory, permissions: 0o755)
        draft = FileSystemDraft(root: plain)
        top = try draft.add(plain, as: Array(Self.folder.utf8), in: FileSystemDraft.root)
    }

    /// Makes what an entry describes; what has its name makes room.
    ///
    /// - Returns: a file whose content follows; nil: none does.
    /// - Throws: `LayerError` for entries that cannot be; `StreamError` for more than there is memory for.
    mutating func make(_ entry: TarEntry) throws -> FileSystemDraft.Node? {
        let path = try EntryPath(entry.path)
        guard let name = path.name else {
            guard entry.kind == .directory else { throw LayerError(.badRoot, entry.path) }
            try draft.describe(top, attributes(of: entry, .directory, now: draft.attributes(of: top)))
            return nil
        }
        guard let folder = try folder(path.parent, of: entry, makes: true) else { return nil }
        switch entry.kind {
        case .directory: try makeFolder(name, in: folder, entry)
        case .hardLink: try makeLink(name, in: folder, entry)
        case .file: return try replace(name, in: folder, attributes(of: entry, .file))
        case .symbolicLink: try replace(name, in: folder, attributes(of: entry, .symbolicLink))
        case .characterDevice: try replace(name, in: folder, attributes(of: entry, .characterDevice))
        case .blockDevice: try replace(name, in: folder, attributes(of: entry, .blockDevice))
        case .fifo: try replace(name, in: folder, attributes(of: entry, .fifo))
        }
        return nil
    }

    /// Says what the content of a file is.
    ///
    /// - Parameter digest: of a `ContentDigest`.
    mutating func setContent(of file: FileSystemDraft.Node, digest: [UInt8]) {
        draft.setContent(of: file, digest: digest)
    }

    /// The file to which a path leads, by whatever links; nil: there is none.
    func file(at path: String) -> FileSystemDraft.Node? {
        var way = [top]
        var links = 0
        let node = look(Array(path.utf8), &way, &links)
        return node.flatMap { draft.attributes(of: $0)?.kind == .file ? $0 : nil }
    }

    private func look(
        _ path: [UInt8], _ way: inout [FileSystemDraft.Node], _ links: inout Int
    ) -> FileSystemDraft.Node? {
        if path.first == UInt8(ascii: "/") { way = [top] }
        var reached = way.last
        for part in path.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) {
                if way.count > 1 { way.removeLast() }
                reached = way.last
                continue
            }
            // Only in a folder, there are names.
            guard let folder = way.last, reached == folder, let node = draft.node(part, in: folder),
                let there = draft.attributes(of: node)
            else { return nil }
            reached = node
            if there.kind == .directory {
                way.append(node)
            } else if there.kind == .symbolicLink {
                links += 1
                guard links <= EntryPath.mostLinks else { return nil }
                reached = look(there.linkTarget, &way, &links)
            }
        }
        return reached
    }
}

// MARK: - Making

extension ArchiveTree {
    @discardableResult
    private mutating func replace(
        _ name: EntryName, in folder: FileSystemDraft.Node, _ attributes: FileAttributes
    ) throws -> FileSystemDraft.Node {
        draft.remove(name.bytes, from: folder)
        return try draft.add(attributes, as: name.bytes, in: folder)
    }

    /// A folder that is there stays, and is described anew.
    private mutating func makeFolder(
        _ name: EntryName, in folder: FileSystemDraft.Node, _ entry: TarEntry
    ) throws {
        if let node = draft.node(name.bytes, in: folder), let now = draft.attributes(of: node), now.kind == .directory {
            try draft.describe(node, attributes(of: entry, .directory, now: now))
        } else {
            try replace(name, in: folder, attributes(of: entry, .directory))
        }
    }

    private mutating func makeLink(_ name: EntryName, in folder: FileSystemDraft.Node, _ entry: TarEntry) throws {
        let target = try EntryPath(entry.linkTarget)
        guard let targetName = target.name, let targetFolder = try self.folder(target.parent, of: entry, makes: false),
            let node = draft.node(targetName.bytes, in: targetFolder), draft.attributes(of: node)?.kind != .directory
        else { throw LayerError(.badHardLink, entry.path) }
        // To itself: there it is.
        guard (targetFolder, targetName) != (folder, name) else { return }
        draft.remove(name.bytes, from: folder)
        // What had the name may have had the target in it.
        guard draft.attributes(of: node) != nil else { throw LayerError(.badHardLink, entry.path) }
        try draft.link(node, as: name.bytes, in: folder)
    }

    /// - Parameter now: what a folder that stays was before.
    private mutating func attributes(
        of entry: TarEntry, _ kind: FileAttributes.Kind, now: FileAttributes? = nil
    ) -> FileAttributes {
        let mode = kind == .symbolicLink ? 0o777 : entry.mode
        var attributes = FileAttributes(kind, permissions: mode, size: kind == .file ? entry.size : 0)
        attributes.owner = entry.uid == .max ? now?.owner ?? 0 : entry.uid
        attributes.group = entry.gid == .max ? now?.group ?? 0 : entry.gid
        attributes.modified = entry.modified.seconds
        attributes.modifiedNanoseconds = entry.modified.nanoseconds
        (attributes.deviceMajor, attributes.deviceMinor) = (entry.deviceMajor, entry.deviceMinor)
        attributes.linkTarget = kind == .symbolicLink ? entry.linkTarget : []
        for attribute in entry.extendedAttributes {
            if Self.isKept(attribute, of: kind) {
                attributes.extendedAttributes.append(.init(name: attribute.name, value: attribute.value))
            } else {
                lostAttributes += 1
            }
        }
        return attributes
    }

    /// Linux has no others; and nobody gives those of the user to what is neither a file nor a folder (xattr(7)).
    private static func isKept(_ attribute: (name: [UInt8], value: [UInt8]), of kind: FileAttributes.Kind) -> Bool {
        let isUsers = attribute.name.starts(with: "user.".utf8)
        let isSystems = ["security.", "trusted.", "system.posix_acl_"].contains {
            attribute.name.starts(with: $0.utf8)
        }
        return (isSystems || isUsers && (kind == .file || kind == .directory))
            && attribute.value.count <= FileSystemDraft.longestAttribute
            && !attribute.name.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }
}

// MARK: - The way

extension ArchiveTree {
    /// The folder at a path, or nil if the way ends before.
    ///
    /// - Parameter makes: folders that are missing are made.
    private mutating func folder(
        _ path: [EntryName], of entry: TarEntry, makes: Bool
    ) throws -> FileSystemDraft.Node? {
        links = 0
        var way = [top]
        for name in path { guard try step(&way, to: name, of: entry, makes: makes) else { return nil } }
        return way.last
    }

    /// - Parameter way: the folders from the top to where one is.
    private mutating func step(
        _ way: inout [FileSystemDraft.Node], to name: EntryName, of entry: TarEntry, makes: Bool
    ) throws -> Bool {
        guard let folder = way.last, way.count <= EntryPath.mostFolders else {
            throw LayerError(.tooDeep, entry.path)
        }
        guard let node = draft.node(name.bytes, in: folder), let there = draft.attributes(of: node) else {
            guard makes else { return false }
            var attributes = FileAttributes(.directory, permissions: 0o755)
            // No entry describes it: it is as old as what first lay in it.
            attributes.modified = entry.modified.seconds
            attributes.modifiedNanoseconds = entry.modified.nanoseconds
            way.append(try draft.add(attributes, as: name.bytes, in: folder))
            return true
        }
        switch there.kind {
        case .directory:
            way.append(node)
            return true
        case .symbolicLink: return try follow(there.linkTarget, &way, of: entry, makes: makes)
        default: throw LayerError(.notAFolder, entry.path)
        }
    }

    private mutating func follow(
        _ target: [UInt8], _ way: inout [FileSystemDraft.Node], of entry: TarEntry, makes: Bool
    ) throws -> Bool {
        links += 1
        guard links <= EntryPath.mostLinks else { throw LayerError(.tooManyLinks, entry.path) }
        if target.first == UInt8(ascii: "/") { way = [top] }
        for part in target.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) {
                if way.count > 1 { way.removeLast() }
                continue
            }
            guard let name = EntryName(part) else { throw LayerError(.badName, entry.path) }
            guard try step(&way, to: name, of: entry, makes: makes) else { return false }
        }
        return true
    }
}
