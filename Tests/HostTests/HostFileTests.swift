import Failure
import Glibc
import Host
import SystemPackage
import TestHost
import Testing

@Suite struct HostFileTests {
    private let folder = TemporaryFolder()

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 300_000])
    func whatIsWrittenIsRead(count: Int) throws {
        let path = folder.path.appending("a/b/file")
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try HostFile.write(bytes, to: path)
        #expect(try HostFile.read(path) == bytes)
        #expect(try HostFile.size(path) == Int64(count))
    }

    @Test func whatIsNotThereIsNil() throws {
        #expect(try HostFile.read(folder.path.appending("none")) == nil)
        #expect(try HostFile.read(folder.path.appending("none/below")) == nil)
        try HostFile.write([1], to: folder.path.appending("file"))
        #expect(try HostFile.read(folder.path.appending("file/below")) == nil)
        #expect(try HostFile.size(folder.path.appending("none")) == nil)
        #expect(try !HostFile.exists(folder.path.appending("none")))
    }

    @Test func aFolderIsNoFile() {
        let failure = #expect(throws: FileError.self) { try HostFile.read(folder.path) }
        #expect(failure?.code == .fileSystem && failure?.description.contains(folder.path.string) == true)
    }

    @Test func writingReplacesAndLeavesNothingBeside() throws {
        let path = folder.path.appending("file")
        for text in ["a longer first text", "second", ""] {
            try HostFile.write(Array(text.utf8), to: path)
            #expect(try HostFile.read(path) == Array(text.utf8))
            #expect(try HostFile.names(in: folder.path) == ["file"])
        }
    }

    /// Whoever has the old file open sees the old bytes: it was replaced, not written over.
    @Test func readersSeeTheOldFileOrTheNew() throws {
        let path = folder.path.appending("file")
        try HostFile.write(Array("old".utf8), to: path)
        let open = try FileDescriptor.open(path, .readOnly)
        defer { try? open.close() }
        try HostFile.write(Array("new and longer".utf8), to: path)
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe open.read(into: $0) }
        #expect(Array(bytes[..<count]) == Array("old".utf8))
    }

    @Test func whatAKilledWriterLeftIsReplaced() throws {
        let path = folder.path.appending("file")
        try HostFile.write([1], to: HostFile.temporary(path))
        try HostFile.write([2], to: path)
        #expect(try HostFile.names(in: folder.path) == ["file"])
    }

    @Test func aWriteThatFailsLeavesTheOldFileAndNothingBeside() throws {
        let path = folder.path.appending("file")
        try HostFile.makeFolder(path.appending("in the way"))
        let failure = #expect(throws: FileError.self) { try HostFile.write([1, 2], to: path) }
        #expect(failure?.code == .fileSystem)
        #expect(try HostFile.names(in: folder.path) == ["file"])
        #expect(throws: FileError.self) { try HostFile.write([1], to: FilePath("/proc/no/such")) }
    }

    @Test func aFileOverTheLimitIsNotRead() throws {
        let path = folder.path.appending("file")
        try HostFile.write([UInt8](repeating: 7, count: 100), to: path)
        #expect(try HostFile.read(path, limit: 100)?.count == 100)
        let failure = #expect(throws: FileError.self) { try HostFile.read(path, limit: 99) }
        #expect(failure?.code == .fileSystem)
        // One without a size of its own, and without an end.
        #expect(throws: FileError.self) { try HostFile.read("/dev/zero", limit: 1 << 20) }
    }

    @Test func theModeIsTheOneAskedFor() throws {
        for mode in [FilePermissions.ownerReadWrite, [.ownerReadWrite, .groupRead, .otherRead]] {
            let path = folder.path.appending("file")
            try HostFile.write([1], to: path, mode: mode)
            #expect(try path.stat().permissions.rawValue & 0o777 == mode.rawValue)
        }
    }

    /// The temporary file's name can be foreseen: a link that waits there is not followed.
    @Test func aLinkInPlaceOfTheTemporaryFileIsNotFollowed() throws {
        let path = folder.path.appending("file")
        let victim = folder.path.appending("victim")
        try HostFile.write([9], to: victim)
        #expect(unsafe symlink(victim.string, HostFile.temporary(path).string) == 0)
        _ = try? HostFile.write([1], to: path)
        #expect(try HostFile.read(victim) == [9])
    }

    @Test func headsOfFiles() throws {
        let path = folder.path.appending("file")
        try HostFile.write([1, 2, 3], to: path)
        #expect(try HostFile.readHead(path, count: 2) == [1, 2])
        #expect(try HostFile.readHead(path, count: 10) == [1, 2, 3])
        #expect(try HostFile.readHead(path, count: 0) == [])
        #expect(throws: FileError.self) { try HostFile.readHead(folder.path.appending("none"), count: 1) }
    }

    @Test func removingSaysWhetherThereWasSomething() throws {
        let path = folder.path.appending("file")
        try HostFile.write([1], to: path)
        #expect(try HostFile.remove(path))
        #expect(try !HostFile.remove(path))
        #expect(throws: FileError.self) { try HostFile.remove(folder.path) }
    }

    @Test func foldersAreMadeAllTheWayAndOnce() throws {
        let path = folder.path.appending("a/b/c")
        try HostFile.makeFolder(path)
        try HostFile.makeFolder(path)
        try HostFile.write([1], to: folder.path.appending("file"))
        #expect(throws: FileError.self) { try HostFile.makeFolder(folder.path.appending("file/below")) }
        #expect(try Set(HostFile.names(in: folder.path)) == ["a", "file"])
        #expect(try HostFile.names(in: folder.path.appending("none")) == [])
    }

    @Test func namesOfAnyKindAreListed() throws {
        let names = [".hidden", "two words", "世界", "new\nline", String(repeating: "x", count: 240)]
        for name in names { try HostFile.write([], to: folder.path.appending(name)) }
        #expect(try Set(HostFile.names(in: folder.path)) == Set(names))
    }

    @Test func freeSpaceIsKnownWhereThereIsAFolder() {
        #expect((HostFile.freeSpace(at: folder.path) ?? 0) > 0)
        #expect(HostFile.freeSpace(at: folder.path.appending("none")) == nil)
    }

    @Test(.enabled(if: getuid() == 0)) func whatIsForbiddenIsSaidSo() {
        // Not even the superuser may write here.
        let failure = #expect(throws: FileError.self) { try HostFile.write([1], to: "/sys/imgadm-test") }
        #expect(failure.map { [.permissionDenied, .fileSystem].contains($0.code) } == true)
        // Another root is a way out only where the file is one of ours.
        for (path, isOurs) in [
            ("/x", false), ("/var/imgadm/imgadm.conf", true), ("/a/var/tmp/.imgadm-downloads", true),
        ] {
            let denied = HostFile.failure("cannot open", FilePath(path), Errno.permissionDenied)
            #expect(denied.code == .permissionDenied && denied.hint?.contains("run as root") == true)
            #expect(denied.hint?.contains("IMGADM_ROOT") == isOurs, "\(path)")
        }
    }

    /// Of files that are being made.
    @Test func onlyWhatIsNobodysIsRemoved() throws {
        let path = folder.path.appending("out.partial")
        #expect(try !HostFile.removeAbandoned(path))
        let file = try HostFile.anew(path)
        #expect(try !HostFile.removeAbandoned(path))
        #expect(try HostFile.exists(path))
        #expect(throws: FileInUse.self) { try HostFile.anew(path) }
        try file.close()
        #expect(try HostFile.removeAbandoned(path))
        #expect(try !HostFile.exists(path))
    }
}
