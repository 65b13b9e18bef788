import SystemPackage
import Tar

/// What there is to know while a layer is unpacked: what it has done, and what is to be done at its end.
final class LayerState {
    let history: LayerHistory
    let times = FolderTimes()
    /// Attributes that the file system cannot keep.
    var lostAttributes = 0
    /// Times that the file system does not have.
    var cutTimes = 0
    /// Different names may be one to the file system.
    let foldsNames: Bool
    /// What must not be lost; nil: all that is there is the image's.
    let existing: ExistingFiles?

    init(hasLower: Bool, foldsNames: Bool, existing: ExistingFiles? = nil) {
        history = LayerHistory(hasLower: hasLower)
        self.foldsNames = foldsNames
        self.existing = existing
    }

    /// A folder was made.
    func made(_ folder: Folder) {
        existing?.made(folder.handle)
        guard let name = folder.name, let parent = folder.parent else { return }
        history.madeFolder(parent.place(name), inode: folder.handle.inode)
    }

    /// Removes whatever is there under a name; nothing is fine.
    ///
    /// - Returns: false if nothing was there.
    @discardableResult
    func remove(_ name: EntryName, in folder: FolderHandle) throws -> Bool {
        guard let status = try folder.status(name) else { return false }
        guard status.kind == .folder else {
            try folder.removeFile(name)
            return true
        }
        let below = try folder.folder(name)
        try removeAll(in: below)
        try folder.removeFolder(name)
        history.removed(folder: below.inode)
        times.removed(below)
        existing?.removed(below)
        return true
    }

    /// Removes all that is in a folder.
    func removeAll(in folder: FolderHandle) throws {
        while true {
            let names = try folder.names(most: 1024)
            if names.isEmpty { return }
            var isAnyGone = false
            for name in names where try remove(name, in: folder) { isAnyGone = true }
            // It lists what is not there: that would have no end.
            guard isAnyGone else { throw Errno.directoryNotEmpty }
        }
    }
}

/// The way to the folder of an entry: folders that are missing are made.
struct EntryWay: FolderWay {
    let state: LayerState

    func passes(_ place: Place) { state.history.used(place) }

    func follows(_ link: Place, component: Int?) -> Bool {
        state.history.used(link)
        return true
    }

    func misses(_ name: EntryName, in folder: Folder) -> Bool {
        state.times.keep(folder)
        return true
    }

    func made(_ folder: Folder) { state.made(folder) }
}

/// The way to what a hard link is to be another name of.
struct LinkTargetWay: FolderWay {
    func passes(_ place: Place) {}
    func follows(_ link: Place, component: Int?) -> Bool { true }
    func misses(_ name: EntryName, in folder: Folder) -> Bool { false }
    func made(_ folder: Folder) {}
}

/// The way to what a whiteout hides, in the middle of a layer.
struct WhiteoutWay: FolderWay {
    let state: LayerState

    func passes(_ place: Place) {}
    func follows(_ link: Place, component: Int?) -> Bool { state.history.whiteoutFollows(link) }
    func misses(_ name: EntryName, in folder: Folder) -> Bool { false }
    func made(_ folder: Folder) {}
}
