import ImageCatalog
import ImageModel
import ImageServer
import JSON
import Testing

/// ListImages: filters, order, pages (imgapi.md, section 11).
@Suite struct ListTests {
    private static func root() throws -> ImageRoot {
        let root = try ImageRoot()
        let long = JSONValue.string(String(repeating: "x", count: 101))
        try root.add(
            ImageUUID(),
            [
                "name": "alpha", "published_at": "2020-01-01T00:00:00Z",
                "tags": ["role": "db", "n": 5, "flag": true, "deep": ["a": 1], "none": [], "long": long, "a.b": "dot"],
            ])
        try root.add(
            ImageUUID(),
            [
                "name": "beta", "version": "2.0.0+1", "type": "lx-dataset", "os": "linux",
                "published_at": "2021-01-01T00:00:00.000Z",
                "owner": "352971aa-31ba-496c-9ade-a379feaecd52", "tags": ["role": "db"],
            ])
        try root.add(
            ImageUUID(),
            [
                "name": "beta-two", "version": "2.0.1", "type": "other", "os": "bsd",
                "published_at": "2022-01-01T00:00:00.000Z",
            ])
        try root.add(ImageUUID(), ["name": "retired", "state": "disabled", "disabled": true])
        try root.add(ImageUUID(), ["name": "draft", "state": "unactivated", "published_at": .null])
        return root
    }

    static let filters: [(String, [String])] = [
        ("", ["alpha", "beta", "beta-two"]),
        ("state=active", ["alpha", "beta", "beta-two"]), ("state=all", ["alpha", "beta", "beta-two"]),
        ("state=disabled", []), ("state=unactivated", []), ("state=creating", []), ("state=failed", []),
        ("name=beta", ["beta"]), ("name=~beta", ["beta", "beta-two"]), ("name=~Beta", []), ("name=", []),
        ("name=~", ["alpha", "beta", "beta-two"]),
        ("name=!beta", []), ("name=be+ta", []),
        ("version=2.0.0%2B1", ["beta"]), ("version=2.0.0+1", []), ("version=~2.0", ["beta", "beta-two"]),
        ("type=other", ["beta-two"]), ("type=!other", ["alpha", "beta"]), ("type=~lx", []),
        ("os=linux", ["beta"]), ("os=!linux", []), ("os=~lin", []),
        ("owner=352971aa-31ba-496c-9ade-a379feaecd52", ["beta"]), ("owner=x", []),
        ("public=true", ["alpha", "beta", "beta-two"]), ("public=false", []),
        ("tag.role=db", ["alpha", "beta"]), ("tag.role=db&tag.n=5", ["alpha"]), ("tag.flag=true", ["alpha"]),
        ("tag.a.b=dot", ["alpha"]),
        ("tag.deep=", ["alpha"]), ("tag.none=", ["alpha"]), ("tag.long=", ["alpha"]), ("tag.role=", []),
        ("tag.nothing=", []),
        ("name=~beta&os=bsd", ["beta-two"]),
        ("limit=2", ["alpha", "beta"]), ("limit=0", ["alpha", "beta", "beta-two"]),
        ("limit=99999999999999999999999", ["alpha", "beta", "beta-two"]),
        ("sort=published_at", ["alpha", "beta", "beta-two"]), ("sort=published_at.asc", ["alpha", "beta", "beta-two"]),
        ("sort=published_at.desc", ["beta-two", "beta", "alpha"]),
        ("sort=published_at.x", ["beta-two", "beta", "alpha"]),
        ("sort=published_at.desc&limit=1", ["beta-two"]),
        ("marker=2021", ["beta", "beta-two"]), ("marker=2021-01-01", ["beta", "beta-two"]),
        ("marker=2021-01-01T00:00:00.001Z", ["beta-two"]),
        ("marker=2021-01-01T01:00:00%2B01:00", ["beta", "beta-two"]),
        ("marker=2021-01&sort=published_at.desc", ["beta", "alpha"]),
        ("marker=2020-01-01T00:00:00.000Z&limit=1", ["alpha"]),
        ("account=352971aa-31ba-496c-9ade-a379feaecd52", ["alpha", "beta", "beta-two"]),
    ]

    @Test func filters() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            for (query, names) in Self.filters {
                let reply = try await server.get("/images" + (query.isEmpty ? "" : "?\(query)"))
                #expect(reply.list("name") == names, "\(query)")
            }
        }
    }

    /// Where everybody may change images, everybody who asks for it is told of those that are not active; nowhere else.
    @Test(arguments: [Authentication.Anonymous.writes, .reads])
    func onAnOpenServerInactiveImagesAreListedOnRequest(anonymous: Authentication.Anonymous) async throws {
        let isOpen = anonymous == .writes
        try await RunningServer.serving(
            try Self.root(), authentication: Authentication(anonymous: anonymous)
        ) { server in
            let active = ["alpha", "beta", "beta-two"]
            func names(_ query: String) async throws -> [String] {
                try await server.get("/images?\(query)").list("name").sorted()
            }
            try await #expect(names("state=all&inclInactive=true") == active + (isOpen ? ["draft", "retired"] : []))
            try await #expect(names("state=disabled&inclInactive=true") == (isOpen ? ["retired"] : []))
            // Those of a state that is not active are their owners' alone.
            try await #expect(names("state=disabled&inclInactive=true&account=\(ImageUUID())") == [])
            try await #expect(names("inclInactive=true") == active)
            try await #expect(names("state=all&inclInactive=false") == active)
            try await #expect(names("state=all") == active)
            try await #expect(server.get("/images?inclInactive=1").status == 422)
        }
    }

    @Test func accountsSeeTheirOwnAndWhatIsSharedWithThem() async throws {
        let (own, shared, foreign, draft) = (ImageUUID(), ImageUUID(), ImageUUID(), ImageUUID())
        let account = ImageUUID()
        let root = try ImageRoot()
        let changes: JSONObject = ["public": false]
        try root.add(
            own,
            changes.merging(["owner": .string("\(account)"), "name": "own", "published_at": "2020-01-01T00:00:00Z"]))
        try root.add(
            shared,
            changes.merging(["acl": [.string("\(account)")], "name": "shared", "published_at": "2021-01-01T00:00:00Z"]))
        try root.add(foreign, changes.merging(["name": "foreign"]))
        try root.add(draft, changes.merging(["acl": [.string("\(account)")], "state": "unactivated", "name": "draft"]))
        try await RunningServer.serving(root, mode: .private) { server in
            try await #expect(server.get("/images?account=\(account)").list("name") == ["own", "shared"])
            for (uuid, status) in [(own, 200), (shared, 200), (foreign, 404), (draft, 404)] {
                let reply = try await server.get("/images/\(uuid)?account=\(account)")
                #expect(reply.status == status)
                if status == 404 { #expect(reply.message == "image not found") }
                try await #expect(server.get("/images/\(uuid)").status == 200)
            }
        }
    }

    @Test func aMarkerWithoutLimitBringsAllOfItsDate() async throws {
        let root = try ImageRoot()
        let uuids = (0..<5).map { _ in ImageUUID() }.sorted()
        for uuid in uuids { try root.add(uuid) }
        try await RunningServer.serving(root) { server in
            let texts = uuids.map(\.description)
            for sort in ["", "&sort=published_at.desc"] {
                #expect(Set(try await server.get("/images?marker=\(uuids[2])\(sort)").list("uuid")) == Set(texts))
            }
            try await #expect(server.get("/images?marker=\(uuids[2])&limit=9").list("uuid") == Array(texts[2...]))
            try await #expect(
                server.get("/images?marker=\(uuids[2])&limit=2&sort=published_at.desc").list("uuid") == [
                    texts[2], texts[1],
                ])
        }
    }

    /// Pages as the established client asks for them: each starts with the last image of the one before.
    @Test(arguments: ["", "&sort=published_at.desc", "&name=~1", "&tag.odd=true&sort=published_at.asc"])
    func pagesHaveEachImageOnceAndInOrder(query: String) async throws {
        let root = try ImageRoot()
        for number in 0..<45 {
            // Up to some twenty of one date, more than most pages have; with and without milliseconds.
            let day = [1, 1, 1, 2, 3, 4].randomElement() ?? 1
            try root.add(
                ImageUUID(),
                [
                    "name": .string("image-\(number)"), "tags": ["odd": .bool(number % 2 == 1)],
                    "published_at": .string("2024-01-0\(day)T00:00:00\(Bool.random() ? ".000" : "")Z"),
                ])
        }
        try await RunningServer.serving(root) { server in
            let all = try await server.get("/images?limit=0\(query)").list("uuid")
            #expect(Set(all).count == all.count)
            for limit in [2, 3, 7, 20, 100] {
                var seen = try await server.get("/images?limit=\(limit)\(query)").list("uuid")
                var page = seen
                while page.count == limit, let last = seen.last {
                    page = try await server.get("/images?limit=\(limit)&marker=\(last)\(query)").list("uuid")
                    #expect(page.first == last)
                    seen += page.dropFirst()
                    guard page.last != last else { break }
                }
                #expect(seen == all, "by \(limit)")
            }
        }
    }

    @Test func datesAreInOrderWhateverTheirSpelling() async throws {
        let root = try ImageRoot()
        let dates = [
            "2019-12-31T23:59:59.999Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.001Z", "2020-01-01T00:00:01Z",
            "2020-01-01T00:00:01.500Z",
        ]
        for date in dates.shuffled() { try root.add(ImageUUID(), ["published_at": .string(date)]) }
        try await RunningServer.serving(root) { server in
            try await #expect(server.get("/images").list("published_at") == dates)
        }
    }
}

extension JSONObject {
    func merging(_ other: JSONObject) -> JSONObject {
        var result = self
        for (key, value) in other { result[key] = value }
        return result
    }
}
