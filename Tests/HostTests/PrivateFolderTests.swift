import Failure
import Glibc
import Host
import SystemPackage
import TestHost
import Testing

/// A folder of ours where everybody may make folders.
@Suite struct PrivateFolderTests {
    private let place = TemporaryFolder()
    private var path: FilePath { place.path.appending("tmp/.ours") }

    /// As `/var/tmp` is.
    private func makeShared(_ mode: mode_t = 0o1777) throws {
        try HostFile.makeFolder(path.removingLastComponent())
        #expect(unsafe chmod(path.removingLastComponent().string, mode) == 0)
    }

    private func refused(_ why: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for open in [PrivateFolder.making, { try PrivateFolder.existing($0) as Any }] as [(FilePath) throws -> Any] {
            let failure = #expect(throws: UnsafeFolder.self, sourceLocation: sourceLocation) { try open(path) }
            #expect(failure?.code == .unsafeFolder, sourceLocation: sourceLocation)
            #expect(
                failure?.description.contains(why) == true, "\(failure?.description ?? "")",
                sourceLocation: sourceLocation)
        }
    }

    @Test func itIsMadeForUsAlone() throws {
        try makeShared()
        #expect(try PrivateFolder.existing(path) == nil)
        let made = try PrivateFolder.making(path)
        #expect(try path.stat().permissions == .ownerReadWriteExecute)
        _ = try PrivateFolder.making(path)
        #expect(try PrivateFolder.existing(path) != nil)
        #expect(try made.remove())
        #expect(try !HostFile.exists(path))
    }

    /// An older version made it so.
    @Test func oneThatOthersCouldReadIsClosedToThem() throws {
        try makeShared()
        #expect(unsafe mkdir(path.string, 0o755) == 0)
        try HostFile.write([1], to: path.appending("file"))
        #expect(try PrivateFolder.making(path).read("file", limit: 1) == [1])
        #expect(try path.stat().permissions == .ownerReadWriteExecute)
    }

    @Test(arguments: [0o770, 0o702, 0o777, 0o1777] as [mode_t])
    func oneThatOthersCouldWriteToIsRefused(mode: mode_t) throws {
        try makeShared()
        #expect(unsafe mkdir(path.string, 0o700) == 0 && chmod(path.string, mode) == 0)
        refused("others may write to it")
    }

    @Test(.enabled(if: geteuid() == 0)) func oneOfAnotherUserIsRefused() throws {
        try makeShared()
        #expect(unsafe mkdir(path.string, 0o700) == 0 && chown(path.string, 65_534, 65_534) == 0)
        refused("it belongs to user 65534")
    }

    @Test func aLinkAFileAndAFIFOAreRefused() throws {
        try makeShared()
        let elsewhere = place.path.appending("elsewhere")
        #expect(unsafe mkdir(elsewhere.string, 0o700) == 0)
        #expect(unsafe symlink(elsewhere.string, path.string) == 0)
        refused("it is a link")
        #expect(unsafe unlink(path.string) == 0 && symlink("/no/such", path.string) == 0)
        refused("it is a link")
        #expect(unsafe unlink(path.string) == 0)
        try HostFile.write([], to: path)
        refused("it is a file")
        #expect(unsafe unlink(path.string) == 0 && mkfifo(path.string, 0o600) == 0)
        refused("it is a FIFO")
        #expect(try HostFile.names(in: elsewhere).isEmpty)
    }

    @Test func aPlaceWhereAllMayRenameAllIsRefused() throws {
        try makeShared(0o777)
        refused("everybody may rename")
    }

    /// The system's own, as `/var/run`, and the user's are taken.
    @Test func aPlaceThatIsALinkCountsByItsOwner() throws {
        try HostFile.makeFolder(place.path.appending("real"))
        #expect(unsafe symlink("real", path.removingLastComponent().string) == 0)
        _ = try PrivateFolder.making(path)
        #expect(try HostFile.names(in: place.path.appending("real")) == [".ours"])
        guard geteuid() == 0 else { return }
        #expect(unsafe lchown(path.removingLastComponent().string, 65_534, 65_534) == 0)
        refused("it is a link of user 65534")
    }

    @Test func newOnesHaveNamesOfTheirOwn() throws {
        try makeShared()
        let parent = path.removingLastComponent()
        let folders = try (0..<20).map { _ in try PrivateFolder.new(in: parent, prefix: ".made-") }
        #expect(Set(folders.map(\.path)).count == 20)
        #expect(folders.allSatisfy { $0.path.lastComponent?.string.hasPrefix(".made-") == true })
        for folder in folders { #expect(try folder.remove()) }
        #expect(try HostFile.names(in: parent).isEmpty)
    }

    /// What another has put in its place meanwhile is neither read nor written nor removed.
    @Test func itIsTheFolderThatWasOpened() throws {
        try makeShared()
        let folder = try PrivateFolder.making(path)
        let moved = place.path.appending("moved")
        try HostFile.rename(path, to: moved)
        #expect(unsafe mkdir(path.string, 0o700) == 0)
        try HostFile.write(Array("evil".utf8), to: path.appending("file"))
        #expect(try folder.read("file", limit: 100) == nil)
        try HostFile.write(Array("ours".utf8), to: folder.path(of: "file"))
        #expect(try folder.read("file", limit: 100) == Array("ours".utf8))
        #expect(try HostFile.read(moved.appending("file")) == Array("ours".utf8))
        #expect(try folder.remove("file"))
        #expect(try HostFile.exists(path.appending("file")))
        #expect(try !folder.remove())
        #expect(try HostFile.exists(path))
    }

    /// A program of the same user reaches a file through the handle.
    @Test func aChildFindsAFileByItsPath() async throws {
        try makeShared()
        let folder = try PrivateFolder.making(path)
        try HostFile.write(Array("ours".utf8), to: folder.path(of: "file"))
        try HostFile.rename(path, to: place.path.appending("moved"))
        let outcome = try await ProcessRunner(log: .quiet).run(Command("cat", [folder.path(of: "file").string]))
        #expect(outcome.output == Array("ours".utf8))
    }

    @Test func itsFiles() throws {
        let folder = try PrivateFolder.making(path)
        #expect(try folder.open("a") == nil && folder.read("a", limit: 1) == nil && folder.status("a") == nil)
        let file = try #require(try folder.open("a", create: true))
        try file.writeAll([1, 2, 3])
        try file.close()
        #expect(try path.appending("a").stat().permissions == .ownerReadWrite)
        #expect(try folder.status("a")?.size == 3 && folder.read("a", limit: 3) == [1, 2, 3])
        #expect(throws: FileError.self) { try folder.read("a", limit: 2) }
        try folder.rename("a", to: "b")
        #expect(try folder.names() == ["b"] && folder.names() == ["b"])
        #expect(try !folder.remove() && folder.remove("b") && !folder.remove("b"))
        #expect(try folder.names().isEmpty)
    }

    @Test func aFileIsReplacedAndWhatTheKilledHaveLeftGoes() throws {
        let folder = try PrivateFolder.making(path)
        try folder.replace("a", with: [1])
        try HostFile.write([9], to: path.appending("123.new"))
        // One that is being written is locked by whoever writes it.
        let other = try #require(try folder.open("456.new", create: true))
        #expect(flock(other.rawValue, LOCK_EX) == 0)
        try folder.replace("a", with: [1, 2])
        #expect(try folder.read("a", limit: 2) == [1, 2])
        #expect(try folder.names().sorted() == ["456.new", "a"])
        try other.close()
        try folder.replace("b", with: [])
        #expect(try folder.names().sorted() == ["a", "b"] && folder.read("b", limit: 0) == [])
    }

    @Test func whatIsNoFileIsNotOpened() throws {
        let folder = try PrivateFolder.making(path)
        #expect(unsafe mkfifo(path.appending("fifo").string, 0o600) == 0)
        #expect(unsafe symlink("/etc/passwd", path.appending("link").string) == 0)
        #expect(unsafe mkdir(path.appending("folder").string, 0o700) == 0)
        for name in ["fifo", "link", "folder"] {
            #expect(throws: FileError.self) { try folder.open(name) }
            #expect(throws: FileError.self) { try folder.open(name, create: true) }
            #expect(try folder.status(name) == nil)
        }
        for name in ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\0b"] {
            #expect(throws: Failure.self) { try folder.open(name, create: true) }
            #expect(throws: Failure.self) { try folder.remove(name) }
        }
    }
}
