import Failure
import Logging
import NIOCore
import TestClock
import Testing

@testable import Transport

/// A file that comes slowly over one connection, and is fetched over several.
@Suite struct BlocksAheadTests {
    static let size = 40 << 20

    static func transport(_ sender: SlowRangesSender, connections: Int = 4) -> Transport {
        var settings = TransportSettings()
        settings.patience = .zero
        settings.clock = SteppingClock()
        settings.paceWindow = .milliseconds(5)
        settings.sideConnections = ConnectionAllowance(connections - 1)
        return Transport(
            sender: sender, settings: settings, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Reads the whole, and tells whether every byte is the one that stands there.
    static func isRead(
        _ sender: SlowRangesSender, _ request: DownloadRequest, connections: Int = 4
    ) async throws -> Bool {
        let download = Download(request, by: transport(sender, connections: connections))
        var place = Int(request.offset)
        while let bytes = try await download.next() {
            let expected = SlowRangesSender.content.getSlice(at: place, length: bytes.readableBytes)
            guard bytes == expected else { return false }
            place += bytes.readableBytes
        }
        return place == Int(request.end ?? Int64(sender.size)) && download.position == Int64(place)
    }

    static func request(offset: Int64 = 0, end: Int64? = nil) -> DownloadRequest {
        DownloadRequest(
            HTTPRequest(url: "http://a/file"), size: Int64(size), offset: offset, end: end, isChecked: true)
    }

    @Test(arguments: [(0, nil), (5_000_001, nil), (0, 33_333_333), (1, 38 << 20)] as [(Int64, Int64?)])
    func comesOverSeveralConnections(offset: Int64, end: Int64?) async throws {
        let sender = SlowRangesSender(size: Self.size)
        #expect(try await Self.isRead(sender, Self.request(offset: offset, end: end)))
        #expect(sender.asked.count > 4)
        #expect((2...5).contains(sender.most), "the first one ends when its last byte has been read")
    }

    @Test func oneConnectionStaysOne() async throws {
        let sender = SlowRangesSender(size: Self.size)
        #expect(try await Self.isRead(sender, Self.request(), connections: 1))
        #expect(sender.asked == [""])
    }

    /// All files of a command share the connections.
    @Test func filesShareTheConnections() async throws {
        let sender = SlowRangesSender(size: Self.size)
        let transport = Self.transport(sender)
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let download = Download(Self.request(), by: transport)
                    while try await download.next() != nil {}
                    return download.position
                }
            }
            for try await position in group { #expect(position == Int64(Self.size)) }
        }
        #expect(sender.most <= 3 + 3 + 3)
        #expect(transport.settings.sideConnections.take() == 3, "they are given back")
    }

    /// Without a checksum or a tag that is never the same for two files, parts are not put together.
    @Test func withoutAProofItStaysOneConnection() async throws {
        let sender = SlowRangesSender(size: Self.size)
        let weak = WeakTags(sender)
        var settings = TransportSettings()
        settings.paceWindow = .milliseconds(5)
        let transport = Transport(
            sender: weak, settings: settings, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let download = Download(
            DownloadRequest(HTTPRequest(url: "http://a/file"), size: Int64(Self.size)), by: transport)
        while try await download.next() != nil {}
        #expect(sender.asked == [""])
    }

    static let faults: [SlowRangesSender.Answer] = [
        .whole, .status(429), .status(503), .status(403), .status(416), .cut, .shifted, .retagged, .short, .long,
    ]

    /// The connection that there is goes on where no block comes.
    @Test(arguments: faults) func theFirstConnectionIsKeptWhereBlocksAreRefused(fault: SlowRangesSender.Answer)
        async throws
    {
        let sender = SlowRangesSender(size: Self.size) { $0 == 0 ? .part : fault }
        #expect(try await Self.isRead(sender, Self.request()))
        #expect(sender.asked.filter { $0.hasSuffix("-") || $0.isEmpty } == [""], "\(sender.asked)")
    }

    /// Parts of which nothing tells that they are of one file are not put together.
    @Test(arguments: [true, false]) func withoutAChecksumEachPartHasItsTag(isTagged: Bool) async throws {
        let sender = SlowRangesSender(size: Self.size) { $0 == 0 || isTagged ? .part : .untagged }
        let request = DownloadRequest(HTTPRequest(url: "http://a/file"), size: Int64(Self.size))
        #expect(try await Self.isRead(sender, request))
        #expect((sender.most > 1) == isTagged)
        #expect(sender.asked.contains { $0.hasPrefix("bytes=") })
        if !isTagged { #expect(sender.served < Self.size + (16 << 20), "one connection has brought it") }
    }

    @Test(
        arguments: [
            ("http://a/file", false), ("http://a/file?channel=dev", false), ("http://a/f?account=1&channel=*", false),
            ("http://a/f?Expires=1&Signature=x", true), ("http://a/f?sig=1", true),
            ("http://a/f?channel=a&X-Amz-Date=1", true),
        ])
    func aSignedAddressIsAskedOnce(url: String, isSo: Bool) { #expect(Download.mayExpire(url) == isSo) }

    /// The second request is the first for a block; each fault once, and from then on always.
    @Test(arguments: faults, [2..<3, 2..<5])
    func whatGoesWrongWithABlockIsReadOverOne(fault: SlowRangesSender.Answer, numbers: Range<Int>) async throws {
        let sender = SlowRangesSender(size: Self.size) { numbers.contains($0) ? fault : .part }
        #expect(try await Self.isRead(sender, Self.request()))
    }

    @Test func whoLeavesEndsAllConnections() async throws {
        let sender = SlowRangesSender(size: Self.size)
        let transport = Self.transport(sender)
        let reading = Task {
            let download = Download(Self.request(), by: transport)
            while try await download.next() != nil {}
        }
        while sender.asked.count < 4 { try await Task.sleep(for: .milliseconds(1)) }
        reading.cancel()
        await #expect(throws: (any Error).self) { try await reading.value }
        #expect(transport.settings.sideConnections.take() == 3)
    }
}

/// Gives only weak tags.
private struct WeakTags: HTTPSender {
    let inner: SlowRangesSender

    init(_ inner: SlowRangesSender) { self.inner = inner }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let response = try await inner.send(request)
        let headers = response.headers.fields.map { ($0.name, $0.name == "ETag" ? "W/\($0.value)" : $0.value) }
        return HTTPResponse(status: response.status, headers: HTTPHeaderList(headers), body: response.body)
    }
}
