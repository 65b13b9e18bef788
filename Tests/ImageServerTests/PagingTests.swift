import ImageModel
import JSON
import Testing

/// Lists hold what they promise, whatever is asked for (imgapi.md, section 11).
@Suite struct PagingTests {
    /// What a listing is to give, found the simple way.
    private struct Model {
        let uuid: ImageUUID
        let name: String
        let os: String
        let published: String?
        let tag: Int
    }

    private static func make(_ count: Int, in root: ImageRoot) throws -> [Model] {
        let dates = [
            nil, "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00.001Z", "2021-05-05T05:05:05Z",
        ]
        return try (0..<count).map { _ in
            let model = Model(
                uuid: ImageUUID(), name: ["alpha", "alphabet", "beta"].randomElement() ?? "",
                os: ["linux", "smartos"].randomElement() ?? "", published: dates.randomElement() ?? nil,
                tag: Int.random(in: 0..<3))
            try root.add(
                model.uuid,
                [
                    "name": .string(model.name), "os": .string(model.os), "type": "other",
                    "published_at": model.published.map { .string($0) } ?? .null,
                    "tags": ["n": .number(JSONNumber(model.tag))],
                ])
            return model
        }
    }

    /// `2020-01-01T00:00:00Z` and `….000Z` are the same moment.
    private static func order(_ one: Model, _ other: Model) -> Bool {
        func moment(_ model: Model) -> String {
            let text = model.published ?? ""
            return text.hasSuffix("Z") && !text.contains(".") ? text.dropLast() + ".000Z" : text
        }
        return (moment(one), one.uuid) < (moment(other), other.uuid)
    }

    @Test func anyPagesGiveEachImageOnceInOrder() async throws {
        let root = try ImageRoot()
        let models = try Self.make(24, in: root).sorted(by: Self.order)
        let filters: [(query: String, fits: @Sendable (Model) -> Bool)] = [
            ("", { _ in true }), ("name=alpha", { $0.name == "alpha" }),
            ("name=~alpha", { $0.name.hasPrefix("alpha") }),
            ("os=linux&tag.n=1", { $0.os == "linux" && $0.tag == 1 }), ("type=!other", { _ in false }),
        ]
        try await RunningServer.serving(root) { server in
            for (query, fits) in filters {
                for isDescending in [false, true] {
                    let fitting = models.filter(fits).map(\.uuid.description)
                    let expected = isDescending ? Array(fitting.reversed()) : fitting
                    let sort = isDescending ? "&sort=published_at.desc" : ""
                    #expect(try await server.get("/images?\(query)\(sort)").list("uuid") == expected)
                    for limit in [2, 3, 7, 23, 24, 25, 1000] {
                        let pages = try await Self.pages(server, "\(query)\(sort)", limit: limit)
                        #expect(pages == expected, "\(query)\(sort) by \(limit)")
                    }
                }
            }
        }
    }

    /// As clients do: each page begins at the last image of the one before, which is dropped.
    private static func pages(_ server: RunningServer, _ query: String, limit: Int) async throws -> [String] {
        var all = try await server.get("/images?\(query)&limit=\(limit)").list("uuid")
        var full = all.count == limit
        while full, let last = all.last, all.count < 1000 {
            let page = try await server.get("/images?\(query)&limit=\(limit)&marker=\(last)").list("uuid")
            full = page.count == limit
            all += page.first == last ? page.dropFirst() : page[...]
        }
        return all
    }

    @Test func aMarkerThatIsAMomentLeavesOutNothingOfThatMoment() async throws {
        let root = try ImageRoot()
        let models = try Self.make(40, in: root).sorted(by: Self.order)
        try await RunningServer.serving(root) { server in
            for (marker, least) in [
                ("2020-01-01", "2020-01-01T00:00:00"), ("2020-01-01T00:00:00.001Z", "2020-01-01T00:00:00.001"),
            ] {
                let got = try await server.get("/images?marker=\(marker)").list("uuid")
                let expected = models.filter { model in
                    guard let published = model.published else { return false }
                    return published >= least
                        && !(least.hasSuffix(".001") && (published.hasSuffix("00Z") || published.hasSuffix(".000Z")))
                }
                #expect(Set(got) == Set(expected.map(\.uuid.description)), "\(marker)")
            }
        }
    }
}
