import SystemPackage
import Testing

@testable import Host

@Suite struct OutputCollectorTests {
    /// What cannot be read is no end.
    @Test func whatCannotBeReadIsTold() async throws {
        let pipe = try FileDescriptor.pipe()
        let folder = try FileDescriptor.open(FilePath("/"), .readOnly, options: [.directory, .closeOnExec])
        let collector = OutputCollector(limit: 100) {}
        collector.begin(output: folder, errors: pipe.readEnd)
        try pipe.writeEnd.closeAfter { _ = try pipe.writeEnd.writeAll("complaint".utf8) }
        let collected = await collector.end()
        #expect(collected.readError as? Errno == .isDirectory)
        #expect(collected.errors == Array("complaint".utf8) && collected.output.isEmpty)
    }
}
