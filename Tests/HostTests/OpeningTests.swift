import Failure
import Glibc
import Host
import SystemPackage
import TestHost
import Testing

/// What may lie where a file is expected.
@Suite(.timeLimit(.minutes(20))) struct OpeningTests {
    private let folder = TemporaryFolder()
    private static let origins: [HostFile.Origin] = [.state, .setUp]

    private func refused(_ path: FilePath, _ origin: HostFile.Origin, _ why: String) {
        let failure = #expect(throws: FileError.self) { try HostFile.read(path, from: origin) }
        #expect(failure?.code == .fileSystem && failure?.description.contains(why) == true, "\(failure as Any)")
        #expect(failure?.description.contains(path.string) == true)
    }

    /// Nobody writes to it, so that a read would wait for good.
    @Test(arguments: origins) func aFIFOIsRefusedAtOnce(origin: HostFile.Origin) throws {
        let path = folder.path.appending("fifo")
        #expect(unsafe mkfifo(path.string, 0o600) == 0)
        refused(path, origin, "it is a FIFO, where a file should be")
        #expect(throws: FileError.self) { try HostFile.readHead(path, count: 1) }
    }

    @Test(arguments: origins) func devicesFoldersAndSocketsAreRefused(origin: HostFile.Origin) throws {
        refused("/dev/zero", origin, "it is a device")
        refused("/dev/null", origin, "it is a device")
        refused(folder.path, origin, "it is a folder")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = folder.path.appending("s")
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.string.utf8) }
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        refused(path, origin, "it is a socket")
    }

    @Test func aLinkInPlaceOfStateIsRefusedAndOneThatSomebodySetUpIsNot() throws {
        let (file, link) = (folder.path.appending("file"), folder.path.appending("link"))
        try HostFile.write([1], to: file)
        #expect(unsafe symlink("file", link.string) == 0)
        refused(link, .state, "it is a link")
        #expect(try HostFile.read(link, from: .setUp) == [1])
        #expect(unsafe unlink(file.string) == 0)
        #expect(try HostFile.read(link, from: .setUp) == nil)
    }

    @Test func whatIsHandedOverMayBeAPipe() throws {
        let ends = try FileDescriptor.pipe()
        defer { try? ends.readEnd.close() }
        try ends.writeEnd.writeAll(Array("piped".utf8))
        try ends.writeEnd.close()
        let path = FilePath("/dev/fd/\(ends.readEnd.rawValue)")
        #expect(try HostFile.read(path, from: .handedOver) == Array("piped".utf8))
        #expect(throws: FileError.self) { try HostFile.read("/dev/zero", limit: 1 << 20, from: .handedOver) }
        #expect(throws: FileError.self) { try HostFile.read(folder.path, from: .handedOver) }
    }

    @Test func aFIFOThatIsHandedOverIsReadOnceSomebodyWritesToIt() async throws {
        let path = folder.path.appending("fifo")
        #expect(unsafe mkfifo(path.string, 0o600) == 0)
        let reading = Task { try await HostFile.readHandedOver(path, limit: 99) }
        while true {
            do {
                let writer = try FileDescriptor.open(path, .writeOnly, options: .nonBlocking)
                // The end of a FIFO to which nobody writes yet is not the end of what it will say.
                try await Task.sleep(for: .milliseconds(300))
                try writer.writeAll(Array("said".utf8))
                try writer.close()
                break
            } catch Errno.noSuchAddressOrDevice {
                // Nobody reads yet.
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        #expect(try await reading.value == Array("said".utf8))
    }

    @Test func waitingForAFIFOCanBeCancelled() async throws {
        let path = folder.path.appending("fifo")
        #expect(unsafe mkfifo(path.string, 0o600) == 0)
        let reading = Task { try await HostFile.readHandedOver(path, limit: 99) }
        try await Task.sleep(for: .milliseconds(300))
        reading.cancel()
        await #expect(throws: CancellationError.self) { try await reading.value }
    }

    /// A file of a petabyte, without a block of its own, is not begun with.
    @Test func aHugeFileIsRefusedByItsSize() throws {
        let path = folder.path.appending("huge")
        try HostFile.write([], to: path)
        #expect(unsafe truncate(path.string, 1 << 42) == 0)
        refused(path, .state, "too large")
    }

    @Test func whatCannotBeLookedAtIsNotNothing() throws {
        let long = folder.path.appending(String(repeating: "x", count: 300))
        #expect(throws: FileError.self) { try HostFile.exists(long) }
        #expect(throws: FileError.self) { try HostFile.size(long) }
        #expect(throws: FileError.self) { try HostFile.names(in: long) }
        let file = folder.path.appending("file")
        try HostFile.write([], to: file)
        #expect(throws: FileError.self) { try HostFile.names(in: file) }
        let loop = folder.path.appending("loop")
        #expect(unsafe symlink("loop", loop.string) == 0)
        #expect(throws: FileError.self) { try HostFile.names(in: loop) }
    }

    @Test(arguments: [0o000, 0o400, 0o777] as [mode_t])
    func theModeDoesNotDependOnWhatAKilledWriterLeft(mask: mode_t) throws {
        let path = folder.path.appending("file")
        try HostFile.write([1], to: HostFile.temporary(path), mode: .ownerReadWrite)
        #expect(unsafe chmod(HostFile.temporary(path).string, mask) == 0)
        try HostFile.write([1], to: path)
        #expect(try path.stat().permissions.rawValue & 0o777 == 0o644)
    }

    @Test func aLockFileThatIsNoneIsRefused() throws {
        let path = folder.path.appending("fifo.lock")
        #expect(unsafe mkfifo(path.string, 0o600) == 0)
        let failure = #expect(throws: FileError.self) { try FileLock.tryTaking(path) }
        #expect(failure?.description.contains("it is a FIFO") == true)
    }
}
