import JSON
import TestHost
import Testing

extension EndToEnd {
    /// `imgadm avail` and `imgadm show` (cli.md §3).
    @Suite struct SourceQueryTests {
        private func listing(_ images: [String]) -> String { "[\(images.joined(separator: ","))]" }

        @Test func availListsTheImagesOfASource() async throws {
            let box = try await Sandbox.make()
            let fixture = try await Fixture.get()
            try box.use(fixture.server.url)
            let run = try await box.imgadm("avail", "name=base")
            #expect(
                run.output == """
                    UUID                                  NAME  VERSION  OS     TYPE          PUB
                    \(fixture.base.uuid)  base  1.0.0    linux  zone-dataset  2026-01-02

                    """)
            #expect(try await box.imgadm("avail", "name=nobody").output.isEmpty)
        }

        @Test func jsonHasManifestAndSource() async throws {
            let box = try await Sandbox.make()
            let fixture = try await Fixture.get()
            try box.use(fixture.server.url)
            let json = try JSONValue(parsing: try await box.imgadm("avail", "-j", "name=top").output)
            #expect(json.arrayValue?.count == 1)
            #expect(json[0]?["source"]?.stringValue == fixture.server.url)
            #expect(json[0]?["manifest"]?["uuid"]?.stringValue == fixture.top.uuid)
            // Computed fields are never part of a manifest.
            for field in ["pub", "published", "source", "clones", "size"] {
                #expect(json[0]?["manifest"]?[field] == nil)
            }
        }

        @Test func theFirstSourceThatHasAnImageWins() async throws {
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            let first = try await CannedServer(["/images": "[{\"uuid\":\"\(uuid)\",\"name\":\"first\"}]"])
            let second = try await CannedServer(["/images": "[{\"uuid\":\"\(uuid)\",\"name\":\"second\"}]"])
            try box.write(
                "{\"sources\":[{\"url\":\"\(first.url)\"},{\"url\":\"\(second.url)\"}]}", to: "var/imgadm/imgadm.conf")
            #expect(try await box.imgadm("avail", "-Ho", "name").output == "first\n")
        }

        @Test func aSourceThatFailsHidesNothing() async throws {
            let box = try await Sandbox.make()
            let fixture = try await Fixture.get()
            let html = try await CannedServer(["*": "<html>a page</html>"])
            try box.write(
                "{\"sources\":[{\"url\":\"http://127.0.0.1:1\"},{\"url\":\"\(fixture.server.url)\"},{\"url\":\"\(html.url)\"}]}",
                to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("avail", "-Ho", "uuid", "name=base")
            #expect(run.output == "\(fixture.base.uuid)\n")
            #expect(run.status == 1)
            #expect(run.errors.contains("error (MultiError)") && run.errors.contains("127.0.0.1:1"), "\(run)")
            let show = try await box.imgadm("show", fixture.base.uuid)
            #expect(show.status == 0, "\(show)")
        }

        @Test(arguments: [
            "<html>", "{}", "5", "\"x\"", "null", "{\"code\":\"X\"}", "", "[", "[1,2", "[{\"uuid\":}]", "\u{0}",
            String(repeating: "[", count: 100_000),
        ])
        func whatIsNoListIsAnError(body: String) async throws {
            let box = try await Sandbox.make()
            let server = try await CannedServer(["/images": body])
            try box.use(server.url)
            let run = try await box.imgadm("avail")
            #expect(run.status == 1 && run.output.isEmpty)
            #expect(run.errors.contains("error (SourceError)"), "\(run)")
        }

        @Test func elementsWithoutUUIDAreLeftOut() async throws {
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            let server = try await CannedServer([
                "/images":
                    "[5, null, \"x\", {}, {\"uuid\": 5}, {\"uuid\": \"../../etc\"}, {\"uuid\":\"\(uuid)\",\"name\":7,\"files\":{\"0\":1}}]"
            ])
            try box.use(server.url)
            let run = try await box.imgadm("avail", "-o", "uuid,name,size,files.0.sha1,tags.x")
            #expect(run.status == 0 && run.lines.count == 2, "\(run)")
            #expect(run.lines[1] == "\(uuid)  7     -     -             -")
        }

        @Test func fieldsFiltersAndOrder() async throws {
            let box = try await Sandbox.make()
            let a =
                "{\"uuid\":\"00000000-0000-0000-0000-00000000000a\",\"name\":\"a\",\"n\":10,\"ok\":true,\"tags\":{\"role\":\"web\"},\"requirements\":{\"min_platform\":{\"7.0\":\"20140101T000000Z\"}},\"files\":[{\"size\":5}]}"
            let b =
                "{\"uuid\":\"00000000-0000-0000-0000-00000000000b\",\"name\":\"b\",\"n\":9,\"ok\":false,\"acl\":[\"xyz\",\"uvw\"]}"
            let c = "{\"uuid\":\"00000000-0000-0000-0000-00000000000c\",\"name\":\"c\"}"
            let server = try await CannedServer(["/images": "[\(a),\(b),\(c)]"])
            try box.use(server.url)
            func names(_ words: String...) async throws -> String {
                try await box.imgadm(["avail", "-Ho", "name"] + words).lines.joined()
            }
            #expect(try await names("-s", "n") == "cba")
            #expect(try await names("-s", "-n") == "abc")
            #expect(try await names("n=~1") == "a")
            #expect(try await names("ok=true") == "a")
            #expect(try await names("ok=~al") == "b")
            #expect(try await names("acl=~vw") == "b")
            #expect(try await names("tags.role=web") == "a")
            #expect(try await names("requirements.min_platform.7.0=~2014") == "a")
            #expect(try await names("files.0.size=5") == "a")
            #expect(try await names("n=~", "n=10") == "a")
            let table = try await box.imgadm("avail", "-o", "name,tags.role,tags,tags.nobody", "name=a")
            #expect(table.lines.last == "a     web        {\"role\":\"web\"}  -")
            for (words, hint) in [
                (["-o", "name,nobody"], "imgadm list -o help"), (["nmae=a"], "did you mean \"name\"?"),
                (["role=web"], "did you mean \"tags.role\"?"),
            ] {
                let run = try await box.imgadm(["avail"] + words)
                #expect(run.status == 2 && run.output.isEmpty && run.errors.contains(hint), "\(run)")
            }
            // Whoever is away may have it.
            try box.write(
                "{\"sources\":[{\"url\":\"http://127.0.0.1:1\"},{\"url\":\"\(server.url)\"}]}",
                to: "var/imgadm/imgadm.conf")
            let partly = try await box.imgadm("avail", "-Ho", "name,nobody", "name=a")
            #expect(partly.status == 1 && partly.output == "a  -\n", "\(partly)")
            let slip = try await box.imgadm("avail", "nmae=a")
            #expect(slip.status == 2 && slip.errors.contains("did you mean \"name\"?"), "\(slip)")
        }

        @Test func showPrintsTheManifestAsItCame() async throws {
            let box = try await Sandbox.make()
            let uuid = TestUUID.make()
            let server = try await CannedServer([
                "/images/\(uuid)": "{\"zebra\":1.50,\"uuid\":\"\(uuid)\",\"state\":\"disabled\",\"name\":\"x\"}"
            ])
            try box.use(server.url)
            #expect(
                try await box.imgadm("show", uuid).output == """
                    {
                      "zebra": 1.50,
                      "uuid": "\(uuid)",
                      "state": "disabled",
                      "name": "x"
                    }

                    """)
        }

        @Test func showTellsWhatCouldNotBeAsked() async throws {
            let box = try await Sandbox.make()
            let fixture = try await Fixture.get()
            try box.write(
                "{\"sources\":[{\"url\":\"http://127.0.0.1:1\"},{\"url\":\"\(fixture.server.url)\"}]}",
                to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("show", TestUUID.make())
            #expect(run.status == 1)
            #expect(run.errors.contains("error (ImageNotFound)") && run.errors.contains("127.0.0.1:1"), "\(run)")
            let reference = try await box.imgadm("show", "127.0.0.1:1/debian:12")
            #expect(reference.status == 1 && reference.errors.contains("error (ConnectionError)"), "\(reference)")
        }

        @Test func pagingFindsEachImageOnce() async throws {
            // 2,500 images, 1,200 of one date: more than a page of 1,000 has room for.
            let workshop = try await ImageWorkshop.make()
            for number in 0..<1300 {
                let uuid = TestUUID.make()
                let day = number < 300 ? "01" : number < 1150 ? "02" : "03"
                let manifest: JSONObject = [
                    "v": 2, "uuid": .string(uuid), "owner": "00000000-0000-0000-0000-000000000000",
                    "name": .string("n\(number)"),
                    "version": "1", "state": "active", "disabled": false, "public": true,
                    "published_at": .string("2026-01-\(day)T00:00:00.000Z"), "type": "zone-dataset", "os": "smartos",
                    "files": [],
                ]
                try workshop.save(manifest, uuid)
            }
            let server = try TestServer(workshop.folder)
            let box = try await Sandbox.make()
            try box.use(server.url)
            let run = try await box.imgadm("avail", "-Ho", "uuid")
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.count == 1300)
            #expect(Set(run.lines).count == 1300)
        }

        @Test func requestsCarryWhatServersExpect() async throws {
            let box = try await Sandbox.make()
            let server = try await CannedServer(["/images": "[]"])
            try box.write(
                "{\"userAgentExtra\":\"site/7\",\"sources\":[{\"url\":\"\(server.url)\",\"channel\":\"a b\"}]}",
                to: "var/imgadm/imgadm.conf")
            _ = try await box.imgadm("avail", environment: ["REQ_ID": "11111111-2222-3333-4444-555555555555"])
            let head = try #require(server.requests.first)
            #expect(head.hasPrefix("GET /images?channel=a%20b HTTP/1.1\r\n"))
            let lower = head.lowercased()
            #expect(lower.contains("\r\naccept: application/json\r\n"))
            #expect(lower.contains("\r\naccept-version: ~2\r\n"))
            #expect(lower.contains("\r\nx-request-id: 11111111-2222-3333-4444-555555555555\r\n"))
            #expect(
                lower.firstMatch(of: /\r\nuser-agent: imgadm\/[0-9.]+ \(swift\/[^)]*\) site\/7\r\n/) != nil, "\(head)")
        }

        @Test func proxiesAreHonoured() async throws {
            let box = try await Sandbox.make()
            let proxy = try await CannedServer(["*": "[]"])
            try box.use("http://images.example.com")
            _ = try await box.imgadm("avail", environment: ["http_proxy": proxy.url])
            #expect(
                proxy.requests.first?.hasPrefix("GET http://images.example.com/images HTTP/1.1") == true,
                "\(proxy.requests)")
            let asked = proxy.requests.count
            let direct = try await box.imgadm(
                "avail", environment: ["http_proxy": proxy.url, "no_proxy": "example.com"])
            #expect(direct.status == 1)
            #expect(proxy.requests.count == asked)
        }

        @Test func aDeadSourceCostsItsTimeoutOnce() async throws {
            let box = try await Sandbox.make()
            let fixture = try await Fixture.get()
            // Nobody answers on this port: the listening queue is full, or packets are dropped.
            let silent = try await FaultProxy(to: fixture.server.port, path: "/", [], then: .stall(after: 0))
            try box.write(
                "{\"sources\":[{\"url\":\"\(silent.url)\"},{\"url\":\"\(fixture.server.url)\"}]}",
                to: "var/imgadm/imgadm.conf")
            let run = try await box.imgadm("show", fixture.base.uuid, environment: ["IMGADM_STALL_TIMEOUT": "3"])
            #expect(run.status == 0, "\(run)")
            #expect(silent.requests.count == 1, "\(silent.requests)")
        }
    }
}
