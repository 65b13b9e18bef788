import Failure
import Host
import Testing
import ZFS

/// A stream on its way into a dataset, and who stopped first.
@Suite(.timeLimit(.minutes(20))) struct ReceiveTests {
    private struct Damaged: Error {}

    private static let stream = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }

    /// Feeds the stream to a `zfs receive`.
    private func receive(_ host: FakeZFS) async throws -> String {
        try await host.zfs.receive(snapshot("tank/a-partial@final")) { input in
            try input.write(ReceiveTests.stream)
            return "sent"
        }
    }

    @Test func whatIsWrittenArrivesAndTheValueComesBack() async throws {
        let host = FakeZFS(.prints(""))
        #expect(try await receive(host) == "sent")
        #expect(host.input == ReceiveTests.stream && host.calls.count == 1)
    }

    @Test(
        arguments: [
            ("cannot receive new filesystem stream: out of space\n", .noSpace),
            ("cannot receive new filesystem stream: destination 'x' exists\nmust specify -F\n", .datasetExists),
            ("cannot receive: invalid stream (checksum mismatch)\n", .zfs),
        ] as [(String, Failure.Code)])
    func aStreamThatIsRefusedAtItsEndIsAFailure(complaint: String, code: Failure.Code) async throws {
        let host = FakeZFS(.fails(complaint))
        let failure = await #expect(throws: ZFSError.self) { try await receive(host) }
        #expect(failure?.code == code && host.input == ReceiveTests.stream)
        #expect(failure?.message == "cannot receive the stream into \"tank/a-partial\"")
    }

    /// The closed input is only how it showed; what counts is what `zfs` said.
    @Test func aReceiveThatStopsReadingSaysWhy() async throws {
        let host = FakeZFS(.fails("cannot receive new filesystem stream: out of space\n"), reads: false)
        let failure = await #expect(throws: ZFSError.self) { try await receive(host) }
        #expect(failure?.code == .noSpace && failure?.description.contains("zfs receive -u") == true)
    }

    @Test func aReceiveThatStopsReadingAndIsContentIsAFailure() async throws {
        let host = FakeZFS(.prints(""), reads: false)
        let failure = await #expect(throws: ZFSError.self) { try await receive(host) }
        #expect(failure?.code == .zfs)
    }

    @Test(arguments: [Int32(0), 1])
    func anErrorOfTheFeederComesFirst(status: Int32) async throws {
        let host = FakeZFS(.fails("cannot receive: incomplete stream\n", status: status))
        await #expect(throws: Damaged.self) {
            try await host.zfs.receive(snapshot("tank/a-partial@final")) { input in
                try input.write([1, 2, 3])
                throw Damaged()
            }
        }
        #expect(host.input == [1, 2, 3])
    }

    @Test func theOriginIsNamedWhereItIsChosen() async throws {
        let host = FakeZFS(.prints(""))
        try await host.zfs.receive(snapshot("tank/a-partial@final"), cloneOf: snapshot("tank/b@final")) { _ in }
        #expect(
            host.calls == [["zfs", "receive", "-u", "-o", "origin=tank/b@final", "tank/a-partial@final"]])
    }

    @Test(
        arguments: [
            ("usage:\n\treceive [-vMnsFhu] [-o <property>=<value>] ... [-x <property>] ... <filesystem>\n", true),
            ("usage:\n\treceive [-vnsFu] [-o origin=<snapshot>] [-d | -e] <filesystem>\n", true),
            ("missing snapshot argument\nusage:\n\treceive [-vnF] <filesystem|volume|snapshot>\n", false), ("", false),
        ])
    func whetherTheOriginCanBeChosen(usage: String, can: Bool) async throws {
        #expect(try await FakeZFS(.fails(usage, status: 2)).zfs.receivesWithOrigin() == can)
    }

    @Test func aHostWithoutZFSSaysSo() async throws {
        let host = FakeZFS { _, _ in throw Failure(.commandNotFound, "cannot find the program \"zfs\"") }
        let failure = await #expect(throws: Failure.self) { try await receive(host) }
        #expect(failure?.code == .commandNotFound && host.input == [])
    }
}
