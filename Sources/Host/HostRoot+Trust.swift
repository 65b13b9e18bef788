import Failure
import Glibc
public import SystemPackage

extension HostRoot {
    /// The folders that imgadm reads what it acts on from, those above them first.
    private var folders: [FilePath] {
        [root, root.appending("var"), configFolder, records, intents, configFolder.appending("bare")]
    }

    /// The folders where it works, and that tell it nothing which cannot be done without.
    public var workFolders: [FilePath] { [locks, downloads.removingLastComponent()] }

    /// Makes sure that nobody else decides what lies below the state root: whoever could put a record or a note there, or a
    /// link in the place of a folder, would have us act on it.
    ///
    /// - Throws: `UnsafeFolder` for a folder, or a link to one, of another user than this and root, and for one that everybody
    ///   may rename things in; `FileSystemError`, `PermissionDenied`.
    public func checkFolders() throws {
        try checkStateFolders()
        for folder in workFolders { try HostFile.checkTrusted(folder) }
    }

    /// The same for whoever tells what is not in order, and can go on where it is only the folders where imgadm works.
    public func checkStateFolders() throws {
        for folder in folders { try HostFile.checkTrusted(folder) }
    }
}

extension HostFile {
    /// Makes sure that nobody else decides what lies in a folder, if there is one.
    ///
    /// - Throws: `UnsafeFolder` for a folder, or a link to one, of another user than this and root, and for one that everybody
    ///   may rename things in; `FileSystemError`, `PermissionDenied`.
    public static func checkTrusted(_ folder: FilePath) throws {
        guard let place = try status(folder, followLinks: false) else { return }
        let isLink = place.type == .symbolicLink
        // What a link leads nowhere for, or to no folder, is told by whoever needs the folder.
        guard let found = isLink ? try status(folder, followLinks: true) : place, found.type == .directory else {
            return
        }
        for owner in [place.userID.rawValue, found.userID.rawValue] where owner != 0 && owner != geteuid() {
            throw refusal(folder, "\(isLink ? "the link or what it leads to" : "it") belongs to user \(owner)")
        }
        guard !found.permissions.contains(.otherWrite) || found.permissions.contains(.saveText) else {
            throw refusal(folder, "everybody may rename and remove what is in it")
        }
    }

    /// Everybody may put things into a folder.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    public static func isOpenToEverybody(_ folder: FilePath) throws -> Bool {
        try status(folder, followLinks: true)?.permissions.contains(.otherWrite) == true
    }

    private static func refusal(_ path: FilePath, _ why: String) -> UnsafeFolder {
        UnsafeFolder(
            "folder \"\(path)\" cannot be trusted: \(why)",
            hint: "look who made it and what is in it, then remove it or make it root's (chown, chmod o-w)")
    }
}
