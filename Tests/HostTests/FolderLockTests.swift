import Failure
import Host
import SystemPackage
import TestHost
import Testing

/// Locks on the handles of folders.
@Suite struct FolderLockTests {
    private let folder = TemporaryFolder()

    @Test func oneAtATimeHasIt() throws {
        let path = folder.path
        let lock = try #require(try FolderLock.tryTaking(path))
        #expect(lock.isHeld)
        #expect(try FolderLock.tryTaking(path) == nil)
        #expect(try HostFile.names(in: path).isEmpty)
        lock.release()
        try #require(try FolderLock.tryTaking(path)).release()
    }

    /// Whoever has a folder that was put away has nothing of the one in its place.
    @Test func anotherFolderInItsPlaceIsFree() throws {
        let path = folder.path.appending("images")
        try HostFile.makeFolder(path)
        let lock = try #require(try FolderLock.tryTaking(path))
        try HostFile.rename(path, to: folder.path.appending("old"))
        try HostFile.makeFolder(path)
        try #require(try FolderLock.tryTaking(path)).release()
        lock.release()
    }

    @Test func whatIsNoFolderIsAnError() {
        let failure = #expect(throws: FileError.self) { try FolderLock.tryTaking(folder.path.appending("none")) }
        #expect(failure?.failure.code == .fileSystem)
    }
}
