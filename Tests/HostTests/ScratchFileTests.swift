import Glibc
import Host
import SystemPackage
import Testing

/// Room on the disk that is gone with the process.
@Suite struct ScratchFileTests {
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
