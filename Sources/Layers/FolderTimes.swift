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
    func apply(below root: FolderHandle) throws(Errno) {
        for (inode, wish) in wishes {
            var folder: FolderHandle? = root
            for name in wish.path {
                guard let here = folder, case .folder(let next) = try here.open(name) else {
                    folder = nil
                    break
                }
                folder = next
            }
            if let folder, folder.inode == inode {
                try EntryMetadata.setTime(wish.modified, of: folder.descriptor)
            }
        }
    }
}
