import Tar
import Testing

@testable import ImageTool

/// Files as `imgadm extract -t` lists them.
@Suite struct ListedFileTests {
    @Test("A time that no calendar has is listed as a number", arguments: [Int64.min, .max, -1 << 36, 1 << 36])
    func farTimes(seconds: Int64) {
        var entry = TarEntry(path: Array("a".utf8), kind: .file)
        entry.modified = TarTime(seconds: seconds)
        #expect(ListedFile(entry).line.contains(" @\(seconds) a"))
    }
}
