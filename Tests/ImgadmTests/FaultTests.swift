import TestHost
import Testing

extension EndToEnd {
    /// What networks and servers do to a download.
    @Suite struct FaultTests {
        private func run(
            _ faults: [Fault], then rest: Fault = .pass, image: (Fixture) -> TestImage = { $0.base }
        ) async throws -> (run: Sandbox.Run, box: Sandbox, proxy: FaultProxy) {
            let images = try await Fixture.get()
            let proxy = try await FaultProxy(to: images.server.port, faults, then: rest)
            let box = try await Sandbox.make(environment: Fault.environment(faults, then: rest))
            try box.use(proxy.url)
            return (try await box.imgadm("import", image(images).uuid), box, proxy)
        }

        static let passing: [(String, [Fault])] = [
            ("cut once", [.cut(after: 100_000)]),
            ("cut at once", [.cut(after: 0)]),
            ("cut often", (1...20).map { .cut(after: $0 * 10_000) }),
            ("stalled", [.stall(after: 50_000)]),
            ("truncated", [.truncate(after: 70_000)]),
            ("dropped", [.drop, .drop]),
            ("429", [.status(429, retryAfter: "1")]),
            ("500", [.status(500), .status(500)]),
            ("503 with a date", [.status(503, retryAfter: "Sun, 06 Nov 1994 08:49:37 GMT")]),
            ("502 in the middle", [.cut(after: 60_000), .status(502), .cut(after: 30_000)]),
            ("no length", [.withoutHeaders(["Content-Length", "ETag", "Last-Modified"])]),
        ]

        @Test(arguments: passing)
        func whatPassesIsOvercome(name: String, faults: [Fault]) async throws {
            let (run, box, proxy) = try await run(faults)
            #expect(run.status == 0, "\(name): \(run)")
            #expect(try await box.datasets().count == 2)
            #expect(try box.leftovers().isEmpty)
            #expect(name == "no length" || proxy.requests.count > 1)
        }

        @Test func aResumedDownloadAsksForTheRestAlone() async throws {
            let (run, _, proxy) = try await run([.cut(after: 100_000)])
            #expect(run.status == 0, "\(run)")
            let second = try #require(proxy.requests.dropFirst().first).lowercased()
            #expect(second.contains("\r\nrange: bytes=") && second.contains("\r\nif-range: "), "\(second)")
        }

        @Test func aServerWithoutRangesIsReadPastWhatIsThere() async throws {
            let images = try await Fixture.get()
            let canned = try await RangelessServer(images.base)
            let box = try await Sandbox.make()
            try box.use(canned.url)
            let run = try await box.imgadm("import", images.base.uuid)
            #expect(run.status == 0, "\(run)")
            #expect(canned.fileRequests >= 2)
        }

        /// A server that is killed in the middle of a download and started again goes on with it.
        @Test func aServerMayBeRestarted() async throws {
            let images = try await Fixture.get()
            let first = try TestServer(images.workshop.folder)
            let proxy = try await FaultProxy(to: first.port, [.stall(after: 100_000)])
            let box = try await Sandbox.make(environment: ["IMGADM_PATIENCE": "600", "IMGADM_STALL_TIMEOUT": "2"])
            try box.use(proxy.url)
            async let run = box.imgadm("import", images.base.uuid)
            while proxy.requests.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            first.kill()
            // It asks, and finds nobody.
            while proxy.requests.count < 2 { try await Task.sleep(for: .milliseconds(20)) }
            let second = try TestServer(images.workshop.folder, arguments: ["--listen", "127.0.0.1:\(first.port)"])
            let ended = try await run
            #expect(ended.status == 0, "\(ended)")
            #expect(try await box.datasets().count == 2)
            #expect(try box.leftovers().isEmpty && proxy.requests.count > 2)
            withExtendedLifetime(second) {}
        }

        static let lasting: [(String, Fault, String)] = [
            ("cut always", .cut(after: 10), "DownloadError"),
            ("stalled always", .stall(after: 10), "DownloadError"),
            ("dropped always", .drop, "DownloadError"),
            ("corrupt", .corrupt(at: 30_000), "DownloadError"),
            ("corrupt at the end", .corrupt(at: 250_000), "DownloadError"),
            ("503 always", .status(503), "DownloadError"),
            ("503 for an hour", .status(503, retryAfter: "3600"), "DownloadError"),
            ("404", .status(404), "DownloadError"),
            ("403", .status(403, body: "<html>no"), "DownloadError"),
            ("a lie about the length, less", .contentLength(1000), "DownloadError"),
            ("a lie about the length, more", .contentLength(999_999_999), "DownloadError"),
            ("a negative length", .contentLength(-5), "DownloadError"),
            ("noise", .raw("nonsense nonsense nonsense\r\n\r\n"), "DownloadError"),
            (
                "a redirect in a circle",
                .raw("HTTP/1.1 302 Found\r\nLocation: /loop/file\r\nContent-Length: 0\r\n\r\n"), "DownloadError"
            ),
        ]

        @Test(arguments: lasting)
        func whatLastsIsAnErrorAndLeavesNothing(name: String, fault: Fault, code: String) async throws {
            let (run, box, _) = try await run([], then: fault)
            #expect(run.status == 1, "\(name): \(run)")
            #expect(run.errors.contains("error (\(code))"), "\(name): \(run)")
            #expect(try await box.datasets().isEmpty, "\(name)")
            #expect(
                try box.recordNames().isEmpty && box.leftovers().isEmpty, "\(name): \((try? box.leftovers()) ?? [])")
        }

        @Test func manifestsAreAskedForAgainToo() async throws {
            let images = try await Fixture.get()
            let proxy = try await FaultProxy(
                to: images.server.port, path: "/images/", [.drop, .status(503), .pass, .cut(after: 5)])
            let box = try await Sandbox.make()
            try box.use(proxy.url)
            let run = try await box.imgadm("import", images.middle.uuid)
            #expect(run.status == 0, "\(run)")
        }

        @Test func serversThatAnswerAsSomebodyElse() async throws {
            let images = try await Fixture.get()
            let uuid = images.base.uuid
            for body in [
                "<html>", "[]", "5", "{}", "{\"uuid\":\"\(TestUUID.make())\",\"state\":\"active\"}", "", "null",
            ] {
                let server = try await CannedServer(["/images/\(uuid)": body])
                let box = try await Sandbox.make()
                try box.use(server.url)
                let run = try await box.imgadm("import", uuid)
                #expect(run.status == 1, "\(body): \(run)")
                #expect(run.errors.contains("imgadm import: error ("), "\(body): \(run)")
                #expect(try box.leftovers().isEmpty)
            }
        }
    }
}
