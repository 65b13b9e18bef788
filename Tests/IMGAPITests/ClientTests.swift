import Failure
import IMGAPI
import ImageModel
import Testing
import Transport

/// What the client makes of lists and refusals.
@Suite struct IMGAPIClientTests {
    private func client(_ server: some HTTPSender, channel: String? = nil) -> IMGAPIClient {
        IMGAPIClient(
            base: "http://images.example", channel: channel, insecure: false,
            requestID: "00000000-0000-0000-0000-000000000000", transport: server.transport)
    }

    private static func images(_ count: Int, day: (Int) -> Int) -> [ListServer.Image] {
        (0..<count).map { number in
            let digits = String(number, radix: 16)
            let zeros = String(repeating: "0", count: 12 - digits.utf8.count)
            return ListServer.Image(uuid: "5f1dd7b6-7d4a-4bd4-8d3b-\(zeros)\(digits)", day: day(number))
        }
    }

    static let lists: [(count: Int, sameDay: Int, most: Int, requests: Int)] = [
        (0, 1, 1000, 1), (999, 1, 1000, 1), (1000, 1, 1000, 2), (2500, 1, 1000, 3),
        // Several of a day lie on both sides of a page's end.
        (2500, 7, 1000, 3),
        // A server that knows no pages.
        (2500, 1, 100_000, 2),
    ]

    @Test(arguments: lists)
    func aListComesWholeAndOnce(count: Int, sameDay: Int, most: Int, requests: Int) async throws {
        let images = Self.images(count) { $0 / sameDay + 1 }
        let server = ListServer(images, most: most)
        let listed = try await client(server).list()
        #expect(listed.map(\.uuid.description).sorted() == images.map(\.uuid).sorted())
        #expect(server.queries.count == requests && server.queries.first == "")
    }

    /// Only a larger page leads past images of one date that a page does not hold.
    @Test func moreImagesOfADayThanAPageHolds() async throws {
        let images = Self.images(3500) { $0 < 3000 ? 1 : $0 }
        let server = ListServer(images, most: 100_000)
        let listed = try await client(PagedServer(server)).list()
        #expect(Set(listed.map(\.uuid.description)) == Set(images.map(\.uuid)))
    }

    @Test func theChannelAndTheNameAreAskedFor() async throws {
        let server = ListServer([])
        _ = try await client(server, channel: "dev").list(named: "a b")
        #expect(server.queries == ["name=a%20b&channel=dev"])
    }

    static let refusals: [(status: Int, body: String, words: String)] = [
        (500, "{\"code\":\"InternalError\",\"message\":\"no disk\"}", "(status 500, InternalError: no disk)"),
        (403, "<html>go away</html>", "(status 403, <html>go away</html>)"), (404, "", "(status 404)"),
        (200, "nothing", "not a list"), (200, "{\"images\":[]}", "not a list"),
    ]

    @Test(arguments: refusals) func whatAServerSaysIsTold(status: Int, body: String, words: String) async throws {
        let failure = await #expect(throws: (any Error).self) {
            _ = try await client(StaticServer(status: status, body: body)).list()
        }
        #expect("\(failure.map { "\($0)" } ?? "")".contains(words), "\(failure.map { "\($0)" } ?? "")")
    }

    /// What a server means is told by kinds, whatever was asked and in whatever words it refuses.
    @Test(
        arguments: [
            (401, .unauthorized), (403, .forbidden), (404, .notFound), (409, .conflict), (412, .conditionFailed),
            (422, .unprocessable), (503, .away), (507, .unable), (501, .unable), (418, .other),
        ] as [(Int, RefusalKind)], ["", "{\"code\":\"ResourceNotFound\"}"])
    func whatAServerMeansIsAKind(row: (status: Int, kind: RefusalKind), body: String) async throws {
        let uuid = ImageUUID()
        let client = client(StaticServer(status: row.status, body: body))
        for ask in [
            { _ = try await client.list() }, { try await client.ping() },
            { _ = try await client.activate(uuid, by: nil) }, { _ = try await client.enable(uuid, true, by: nil) },
        ] as [() async throws -> Void] {
            let refusal = await #expect(throws: ServerRefusal.self) { try await ask() }
            #expect(refusal?.kind == row.kind && refusal?.refusalKind == row.kind && refusal?.statusCode == row.status)
        }
        // What is not there is no error where it is asked for, nor where it is to go.
        func isFine(_ ask: () async throws -> some Any) async throws -> Bool {
            do {
                _ = try await ask()
                return true
            } catch let refusal as ServerRefusal {
                #expect(refusal.kind == row.kind)
                return false
            }
        }
        #expect(try await isFine { try await client.image(uuid) } == (row.kind == .notFound))
        #expect(try await isFine { try await client.icon(of: uuid) } == (row.kind == .notFound))
        #expect(try await isFine { try await client.delete(uuid, by: nil) } == (row.kind == .notFound))
        #expect(
            try await isFine { try await client.deleteUnactivated(uuid, by: nil) }
                == [.notFound, .conditionFailed].contains(row.kind))
    }

    /// What an answer is not is told with who gave it, and to which question.
    @Test(arguments: [
        "[]", "[{\"uuid\":\"x\"}]", "\"text\"", "1", "null", "{}", "{\"uuid\":1}", "{\"uuid\":\"x\"}", "<html>", "",
    ])
    func whatIsNoManifestIsToldWithTheServer(body: String) async throws {
        let uuid = try #require(ImageUUID("5f1dd7b6-7d4a-4bd4-8d3b-000000000001"))
        let client = client(StaticServer(status: 200, body: body))
        for ask in [
            { _ = try await client.image(uuid) }, { _ = try await client.taggedImage(uuid) },
            { _ = try await client.activate(uuid, by: nil) }, { _ = try await client.enable(uuid, true, by: nil) },
        ] as [() async throws -> Void] {
            let failure = await #expect(throws: Failure.self) { try await ask() }
            let text = failure?.description ?? ""
            #expect(
                text.hasPrefix("http://images.example answered with something that is not")
                    && text.contains("image \(uuid)"), "\(text)")
        }
    }

    @Test func anotherImageThanTheOneAskedForIsRefused() async throws {
        let uuid = try #require(ImageUUID("5f1dd7b6-7d4a-4bd4-8d3b-000000000001"))
        let other = "{\"uuid\":\"5f1dd7b6-7d4a-4bd4-8d3b-000000000002\"}"
        await #expect(throws: (any Error).self) {
            _ = try await client(StaticServer(status: 200, body: other)).image(uuid)
        }
        #expect(try await client(StaticServer(status: 404, body: "{}")).image(uuid) == nil)
    }
}

/// A server that gives as many as are asked for, and a thousand where no limit is.
private struct PagedServer: HTTPSender {
    let server: ListServer

    init(_ server: ListServer) { self.server = server }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var request = request
        if !request.url.contains("limit=") { request.url += request.url.contains("?") ? "&limit=1000" : "?limit=1000" }
        return try await server.send(request)
    }
}
