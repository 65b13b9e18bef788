import Failure
import NIOCore
import Testing
import Transport

@Suite struct ReplyTests {
    private let request = HTTPRequest(url: "http://server.example/x")

    static let tries: [(name: String, answers: [FakeSender.Answer], status: Int?, count: Int)] = [
        ("at once", [.reply(200)], 200, 1), ("after a 503", [.reply(503), .reply(200)], 200, 2),
        ("after a lost connection", [.trouble(.lost("x")), .reply(200)], 200, 2),
        ("503 for ever", [.reply(503), .reply(503), .reply(503), .reply(200)], 503, 3),
        ("nobody there", [.trouble(.unreachable("x")), .reply(200)], nil, 1),
        ("a server that does not answer", [.trouble(.stalled("x")), .reply(200)], nil, 1),
        ("a bad certificate", [.trouble(.refused("x")), .reply(200)], nil, 1),
        ("an hour to wait", [.reply(429, headers: [("Retry-After", "3600")]), .reply(200)], 429, 1),
        ("404", [.reply(404), .reply(200)], 404, 1),
        ("a body that breaks", [.broken(200, body: "ha"), .reply(200)], 200, 2),
    ]

    @Test(arguments: tries)
    func passingTroubleIsTriedAgain(name: String, answers: [FakeSender.Answer], status: Int?, count: Int) async throws {
        let sender = FakeSender(answers)
        do {
            let reply = try await sender.transport().reply(to: request, limit: 1000)
            #expect(reply.status == status, "\(name)")
        } catch let failure as any CodedError {
            #expect(status == nil && failure.code == .connectionError, "\(name)")
        }
        #expect(sender.requests.count == count, "\(name)")
    }

    static let patient: [(name: String, answers: [FakeSender.Answer], status: Int?, count: Int)] = [
        ("503 for a while", Array(repeating: .reply(503), count: 6) + [.reply(202)], 202, 7),
        ("429 that says nothing", Array(repeating: .reply(429), count: 6) + [.reply(202)], 202, 7),
        ("429 that says when", [.reply(429, headers: [("Retry-After", "30")]), .reply(202)], 202, 2),
        ("an hour to wait", [.reply(429, headers: [("Retry-After", "3600")]), .reply(202)], 429, 1),
        ("an error of its own", Array(repeating: .reply(500), count: 9), 500, 3),
        ("a restart", Array(repeating: .trouble(.unreachable("x")), count: 6) + [.reply(202)], 202, 7),
        ("for ever", Array(repeating: .reply(503), count: 99), 503, 12),
        ("a bad certificate", [.trouble(.refused("x")), .reply(202)], nil, 1), ("404", [.reply(404)], 404, 1),
    ]

    @Test(arguments: patient)
    func aServerThatWasThereIsWaitedFor(name: String, answers: [FakeSender.Answer], status: Int?, count: Int)
        async throws
    {
        let sender = FakeSender(answers)
        do {
            let reply = try await sender.transport().reply(to: request, limit: 1000, patience: .seconds(60))
            #expect(reply.status == status, "\(name)")
        } catch let failure as any CodedError {
            #expect(status == nil && failure.code == .connectionError, "\(name)")
        }
        // Pauses are up to a quarter longer or shorter.
        #expect(abs(sender.requests.count - count) <= (count > 9 ? 2 : 0), "\(name): \(sender.requests.count)")
    }

    @Test func whatChangesSomethingIsSentOnce() async throws {
        for answer in [FakeSender.Answer.trouble(.lost("x")), .reply(503)] {
            let sender = FakeSender([answer, .reply(200)])
            _ = try? await sender.transport().replyOnce(to: request, limit: 1000, deadline: nil)
            #expect(sender.requests.count == 1)
        }
    }

    @Test func aBodyHasItsLimit() async throws {
        let sender = FakeSender([.reply(200, body: String(repeating: "x", count: 1001))])
        let failure = await #expect(throws: AnswerTooLarge.self) {
            _ = try await sender.transport().reply(to: request, limit: 1000)
        }
        #expect(failure?.code == .sourceError)
    }

    private func download(
        _ answers: [FakeSender.Answer], size: Int64? = nil, isChecked: Bool = false
    ) async throws -> (text: String, sender: FakeSender) {
        let sender = FakeSender(answers)
        let download = Download(DownloadRequest(request, size: size, isChecked: isChecked), by: sender.transport())
        var text = ""
        while let piece = try await download.next() { text += String(buffer: piece) }
        return (text, sender)
    }

    @Test func aBrokenDownloadGoesOnWhereItStopped() async throws {
        let (text, sender) = try await download([
            .broken(200, headers: [("ETag", "\"1\""), ("Content-Length", "6")], body: "abc"),
            .reply(
                206, headers: [("ETag", "\"1\""), ("Content-Range", "bytes 3-5/6"), ("Content-Length", "3")],
                body: "def"),
        ])
        #expect(text == "abcdef")
        let headers = try #require(sender.requests.last).headers
        #expect(headers.contains { $0.name.lowercased() == "range" && $0.value == "bytes=3-" })
        #expect(headers.contains { $0.name.lowercased() == "if-range" && $0.value == "\"1\"" })
    }

    @Test func aServerWithoutRangesIsReadPast() async throws {
        let (text, _) = try await download([
            .broken(200, headers: [("Content-Length", "6")], body: "abc"),
            .reply(200, headers: [("Content-Length", "6")], body: "abcdef"),
        ])
        #expect(text == "abcdef")
    }

    /// Nodes of one service have tags of their own for the same bytes.
    static let nodes: [(name: String, second: FakeSender.Answer)] = [
        ("the rest", .reply(206, headers: [("ETag", "\"2\""), ("Content-Range", "bytes 3-5/6")], body: "def")),
        ("all of it", .reply(200, headers: [("ETag", "\"2\""), ("Content-Length", "6")], body: "abcdef")),
        (
            "a date",
            .reply(
                206, headers: [("ETag", "\"1\""), ("Last-Modified", "x"), ("Content-Range", "bytes 3-5/6")], body: "def"
            )
        ),
    ]

    @Test(arguments: nodes)
    func whereTheDigestIsKnownATagIsNone(name: String, second: FakeSender.Answer) async throws {
        let (text, _) = try await download(
            [.broken(200, headers: [("ETag", "\"1\""), ("Content-Length", "6")], body: "abc"), second], size: 6,
            isChecked: true)
        #expect(text == "abcdef", "\(name)")
    }

    @Test func aServerMayBeAwayForAsLongAsItsRestartTakes() async throws {
        let sender = FakeSender([
            .trouble(.unreachable("refused")), .reply(503), .trouble(.lost("reset")), .reply(502),
            .broken(200, headers: [("Content-Length", "6")], body: "abc"), .trouble(.unreachable("refused")),
            .reply(504),
            .reply(206, headers: [("Content-Range", "bytes 3-5/6")], body: "def"),
        ])
        let transport = sender.transport { settings in
            settings.patience = .seconds(3600)
        }
        let download = Download(DownloadRequest(request, size: nil), by: transport)
        var text = ""
        while let piece = try await download.next() { text += String(buffer: piece) }
        #expect(text == "abcdef")
    }

    @Test func patienceHasAnEnd() async throws {
        let sender = FakeSender([])
        let transport = sender.transport {
            $0.stallTimeout = .seconds(3600)
        }
        let failure = await #expect(throws: DownloadError.self) {
            _ = try await Download(DownloadRequest(request, size: nil), by: transport).next()
        }
        #expect(failure?.code == .downloadError && sender.requests.count == 6)
    }

    static let lies: [(name: String, answers: [FakeSender.Answer])] = [
        ("another length", [.reply(200, headers: [("Content-Length", "7")], body: "abcdefg")]),
        ("another size", [.reply(200, body: "abcdefgh")]),
        ("less", [.reply(200, headers: [("Content-Length", "3")], body: "abc")]),
        ("404", [.reply(404)]),
        (
            "another file meanwhile",
            [
                .broken(200, headers: [("ETag", "\"1\""), ("Content-Length", "6")], body: "abc"),
                .reply(206, headers: [("ETag", "\"2\""), ("Content-Range", "bytes 3-5/6")], body: "xyz"),
            ]
        ),
        (
            "a size that no number holds",
            [
                .broken(200, body: "abc"),
                .reply(206, headers: [("Content-Range", "bytes 3-5/99999999999999999999")], body: "def"),
            ]
        ),
        (
            "a negative size",
            [.broken(200, body: "abc"), .reply(206, headers: [("Content-Range", "bytes 3-5/-6")], body: "def")]
        ),
        (
            "another part",
            [
                .broken(200, headers: [("ETag", "\"1\""), ("Content-Length", "6")], body: "abc"),
                .reply(206, headers: [("ETag", "\"1\""), ("Content-Range", "bytes 4-5/6")], body: "ef"),
            ]
        ),
    ]

    @Test(arguments: lies)
    func whatIsNotTheFileIsAnError(name: String, answers: [FakeSender.Answer]) async throws {
        let failure = await #expect(throws: DownloadError.self, "\(name)") { _ = try await download(answers, size: 6) }
        #expect(failure?.code == .downloadError, "\(name): \(failure.map { "\($0)" } ?? "")")
    }

    /// What has come is thrown away only where that may help.
    @Test(arguments: [
        ([FakeSender.Answer.reply(416)], DownloadError.Kind.otherFile), ([.reply(400)], .otherFile),
        ([.reply(501)], .otherFile), ([.reply(404)], .unavailable), ([.reply(403)], .unavailable),
        ([.reply(503)], .unavailable), ([.trouble(.unreachable("away"))], .unavailable),
        ([.trouble(.refused("no TLS"))], .unavailable),
        ([.reply(206, headers: [("Content-Range", "bytes 4-5/6")])], .otherFile),
        ([.reply(200, headers: [("Content-Length", "7")])], .otherFile),
    ])
    func aPartIsOfNoUseOnlyIfItIsOfAnotherFile(answers: [FakeSender.Answer], kind: DownloadError.Kind) async throws {
        let download = Download(
            DownloadRequest(request, size: 6, offset: 3), by: FakeSender(answers).transport())
        let error = await #expect(throws: DownloadError.self) { _ = try await download.next() }
        #expect(error?.kind == kind, "\(error.map { "\($0)" } ?? "")")
    }
}
