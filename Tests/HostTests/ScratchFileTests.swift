import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import Host

/// Room on the disk that is gone with the process.
@Suite struct ScratchFileTests {
    /// What is large leaves room for others; what is small is kept wherever there is room.
    @Test func leavesRoomForOthers() throws {
        let free = Mutex(UInt64(1 << 30))
        let file = try ScratchFile { free.withLock { $0 } }
        let bytes = [UInt8](repeating: 1, count: 1 << 20)
        for place in 0..<100 { try unsafe file.write(bytes.span.bytes, at: UInt64(place) << 20) }
        free.withLock { $0 = 100 << 20 }
        let error = #expect(throws: FileError.self) {
            for place in 100..<200 { try unsafe file.write(bytes.span.bytes, at: UInt64(place) << 20) }
        }
        #expect(error?.kind == .noSpace)
        #expect(error.map { "\($0)" }?.contains("128 MiB are left to others") == true)
        let small = try ScratchFile { 1 << 20 }
        for place in 0..<64 { try unsafe small.write(bytes.span.bytes, at: UInt64(place) << 20) }
        let unknown = try ScratchFile { nil }
        for place in 0..<100 { try unsafe unknown.write(bytes.span.bytes, at: UInt64(place) << 20) }

        #expect(ScratchFile.fits(1000, into: 1000) && !ScratchFile.fits(1001, into: 1000))
        #expect(ScratchFile.fits(1 << 30, into: 1 << 31) && !ScratchFile.fits(1 << 30, into: 1 << 30))
        #expect(!ScratchFile.fits(.max, into: .max))
    }

    @Test func keepsWhatWasWrittenUnderNoName() throws {
        let file = try ScratchFile()
        let bytes: [UInt8] = [1, 2, 3]
        try unsafe file.write(bytes.span.bytes, at: 5000)
        var read: [UInt8] = Array(repeating: 9, count: 8)
        try unsafe read.withUnsafeMutableBytes { try unsafe file.read(at: 4998, into: $0) }
        #expect(read == [0, 0, 1, 2, 3, 0, 0, 0])

        let handle = try file.readableHandle()
        defer { try? handle.close() }
        #expect(try handle.stat().rawValue.st_nlink == 0)
        #expect(try handle.stat().permissions == [.ownerReadWrite, .groupRead, .otherRead])
    }
}
