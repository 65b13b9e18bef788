import Glibc
import SystemPackage

/// The times that folders are to have when a layer is done: those of their entries, and for folders that no entry
/// describes, the time they had before something was made or removed in them.
final class FolderTimes {
    private struct Wish {
        let path: [EntryName]
        var modified: timespec
    }
    private var wishes: [UInt64: Wish] = [:]

    /// An entry says what time a folder has.
    func set(_ modified: timespec, of folder: Folder) {
        wishes[folder.handle.inode] = Wish(path: folder.path, modified: modified)
    }

    /// Something is about to change in a folder.
    func keep(_ folder: Folder) {
        let inode = folder.handle.inode
        guard wishes[inode] == nil else { return }
        wishes[inode] = Wish(path: folder.path, modified: folder.handle.status.modified)
    }

    func removed(folder inode: UInt64) { wishes[inode] = nil }

    /// Sets the times of the folders that are still there.
    func apply(_ walk: inout FolderWalk) throws {
        // Folders of one folder follow each other, so that the way to them is opened once.
        let sorted = wishes.sorted { one, other in
            one.value.path.lexicographicallyPrecedes(other.value.path)
        }
        for (inode, wish) in sorted {
            guard let folder = try walk.folder(at: wish.path, of: [], by: StraightWay()),
                folder.handle.inode == inode
            else { continue }
            try EntryMetadata.setTime(wish.modified, of: folder.handle.descriptor)
        }
    }

    /// The way by real folders alone; where it ends, the folder is gone.
    private struct StraightWay: FolderWay {
        func passes(_ place: Place) {}
        func follows(_ link: Place, component: Int?) -> Bool { false }
        func misses(_ name: EntryName, in folder: Folder) -> Bool { false }
        func made(_ folder: Folder) {}
    }
}
