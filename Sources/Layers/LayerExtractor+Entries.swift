import Glibc
import SystemPackage
import Tar

extension LayerExtractor {
    /// A folder: one that is there stays, and is described anew; anything else makes room.
    func makeFolder(_ name: EntryName, in parent: Folder, at path: [EntryName], _ entry: TarEntry) throws {
        let isNew = try makeRoomForFolder(name, in: parent, entry)
        let folder = Folder(try parent.handle.folder(name), named: name, in: parent)
        if isNew {
            state.made(folder)
        } else {
            state.history.used(parent.place(name))
            try ExtendedAttribute.removeAll(from: folder.handle.descriptor)
        }
        try describe(folder, entry, now: folder.handle.status)
        // What is in it comes next.
        walk.enter(folder, at: path + [name])
    }

    /// - Returns: false if there is a folder already.
    private func makeRoomForFolder(_ name: EntryName, in parent: Folder, _ entry: TarEntry) throws -> Bool {
        do {
            try parent.handle.makeFolder(name)
            return true
        } catch Errno.fileExists {
            try walk.checkSpelling(of: name, in: parent, of: entry.path)
            if try parent.handle.status(name)?.kind == .folder { return false }
            try clear(name, in: parent, entry)
            try parent.handle.makeFolder(name)
            return true
        }
    }

    /// Gives a folder what its entry says; its time has to wait until all is in it.
    func describe(_ folder: Folder, _ entry: TarEntry, now status: FileStatus) throws {
        let metadata = EntryMetadata(entry)
        try metadata.apply(to: folder.handle.descriptor, now: status, state)
        state.times.set(metadata.modified, of: folder)
        described = folder
    }

    func makeFile(_ name: EntryName, in folder: Folder, _ entry: TarEntry) throws {
        let metadata = EntryMetadata(entry)
        let descriptor = try replacing(name, in: folder, entry) {
            // Without the set-ID bits, which the file has only when it is whole.
            try folder.handle.makeFile(name, mode: metadata.mode & 0o777)
        }
        state.history.made(folder.place(name))
        file = try OpenFile(descriptor, metadata, size: entry.size)
    }

    func makeHardLink(_ name: EntryName, in folder: Folder, _ entry: TarEntry) throws {
        let target = try EntryPath(entry.linkTarget)
        guard let targetName = target.name,
            let targetFolder = try walk.target(at: target.parent, of: entry.path),
            let status = try targetFolder.handle.status(targetName), status.kind != .folder,
            try !state.foldsNames || targetFolder.handle.lists(targetName)
        else { throw LayerError(.badHardLink, entry.path) }
        // To itself: there it is.
        guard targetFolder.place(targetName) != folder.place(name) else { return }
        try replacing(name, in: folder, entry) {
            try folder.handle.makeHardLink(name, to: targetName, in: targetFolder.handle)
        }
        state.history.made(folder.place(name), isLink: status.kind == .symbolicLink)
    }

    func makeNode(_ name: EntryName, in folder: Folder, _ entry: TarEntry) throws {
        let mode = entry.mode & 0o777
        let device = (entry.deviceMajor, entry.deviceMinor)
        try replacing(name, in: folder, entry) {
            switch entry.kind {
            case .characterDevice: try folder.handle.makeNode(name, type: S_IFCHR, mode: mode, device: device)
            case .blockDevice: try folder.handle.makeNode(name, type: S_IFBLK, mode: mode, device: device)
            case .fifo: try folder.handle.makeNode(name, type: S_IFIFO, mode: mode, device: (0, 0))
            default: try folder.handle.makeSymbolicLink(name, to: entry.linkTarget)
            }
        }
        state.history.made(folder.place(name), isLink: entry.kind == .symbolicLink)
        guard let now = try folder.handle.status(name) else { throw Errno.noSuchFileOrDirectory }
        try EntryMetadata(entry).apply(to: name, in: folder.handle, now: now, state)
    }

    /// Makes something under a name; what is there makes room.
    private func replacing<Value>(
        _ name: EntryName, in folder: Folder, _ entry: TarEntry, _ make: () throws -> Value
    ) throws -> Value {
        do {
            return try make()
        } catch Errno.fileExists {
            try walk.checkSpelling(of: name, in: folder, of: entry.path)
            try clear(name, in: folder, entry)
            return try make()
        }
    }

    private func clear(_ name: EntryName, in folder: Folder, _ entry: TarEntry) throws {
        try state.existing?.checkRoom(for: name, in: folder.handle, of: entry.path)
        try state.remove(name, in: folder.handle)
        walk.forget()
    }
}
