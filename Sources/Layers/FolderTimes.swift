import Glibc
import SystemPackage

/// The times that folders are to have when a layer is done: those of their entries, and for folders that no entry
/// describes, the time they had before something was made or removed in them.
final class FolderTimes {
    private struct Wish {
        let path: [EntryName]
        var modified: timespec
    }
    private var wishes: [FileNumber: Wish] = [:]

    /// An entry says what time a folder has.
    func set(_ modified: timespec, of folder: Folder) {
        wishes[folder.handle.number] = Wish(path: folder.path, modified: modified)
    }

    /// Something is about to change in a folder.
    func keep(_ folder: Folder) {
        let number = folder.handle.number
        guard wishes[number] == nil else { return }
        wishes[number] = Wish(path: folder.path, modified: folder.handle.status.modified)
    }

    func removed(_ folder: FolderHandle) { wishes[folder.number] = nil }

    /// There are so many that they had better be carried out at once: a layer may have a million folders, each with a long way
    /// to it.
    var areMany: Bool { wishes.count >= 4096 }

    /// Sets the times of the folders that are still there. What changes in them from now on is another matter, of which the
    /// folders must be opened anew.
    func apply(_ walk: inout FolderWalk, _ state: LayerState) throws {
        walk.forget()
        defer {
            wishes = [:]
            walk.forget()
        }
        // Folders of one folder follow each other, so that the way to them is opened once.
        let sorted = wishes.sorted { one, other in
            one.value.path.lexicographicallyPrecedes(other.value.path)
        }
        for (number, wish) in sorted {
            guard let folder = try walk.folder(at: wish.path, of: [], by: StraightWay()),
                folder.handle.number == number
            else { continue }
            let path = Array(wish.path.map(\.bytes).joined(separator: CollectionOfOne(UInt8(ascii: "/"))))
            let isCut = try unsafe EntryTime.set(wish.modified, of: path) {
                unsafe futimens(folder.handle.descriptor, $0)
            }
            if isCut { state.cutTimes += 1 }
        }
    }
}

/// The way by real folders alone; where it ends, the folder is gone.
struct StraightWay: FolderWay {
    func passes(_ place: Place) {}
    func follows(_ link: Place, component: Int?) -> Bool { false }
    func misses(_ name: EntryName, in folder: Folder) -> Bool { false }
    func made(_ folder: Folder) {}
}
