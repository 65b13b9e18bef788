import Glibc
import SystemPackage
import Testing

@testable import Host

@Suite struct OutputCollectorTests {
    /// A thread that does not come to run for a while loses nothing of what the child wrote, also where others have the stream open.
    @Test func whatIsReadLateIsReadWhole() async throws {
        let (output, errors) = (try FileDescriptor.pipe(), try FileDescriptor.pipe())
        defer { for pipe in [output, errors] { try? pipe.writeEnd.close() } }
        let said = [UInt8](repeating: 0x61, count: 60_000)
        for pipe in [output, errors] { _ = try pipe.writeEnd.writeAll(said) }
        let collector = OutputCollector(limit: 1 << 20) {}
        async let collected = collector.end()
        try await Task.sleep(for: .milliseconds(700))  // reason: longer than is waited for
        collector.begin(output: output.readEnd, errors: errors.readEnd)
        #expect(await collected.output == said)
        #expect(await collected.errors == said)
    }

    /// Who has the stream and writes on and on is not waited for.
    @Test func whatOthersWriteEndlesslyIsLeft() async throws {
        let runner = ProcessRunner(log: .quiet)
        // As fast as a program writes, on a busy machine it would come to more than is taken of any.
        let outcome = try await runner.run(Command("sh", ["-c", "while :; do echo y; done & echo $! >&2"]))
        #expect(outcome.lines.first == "y")
        let left = try #require(outcome.errorText.split(separator: "\n").last.flatMap { pid_t($0) })
        #expect(kill(left, 0) != 0 || kill(left, SIGKILL) == 0)
    }

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
