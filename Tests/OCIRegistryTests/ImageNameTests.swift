import ImageModel
import JSON
import OCIRegistry
import Testing

/// Images are under their names, too, but take nobody's tag.
@Suite struct ImageNameTests {
    private let registry = MemoryRegistry()
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c101"

    private func put(_ changes: JSONObject) async throws -> StoredImage {
        var json: JSONObject = ["v": 2, "uuid": .string(Self.uuid), "name": "web", "version": "1.0", "activated": true]
        for (key, value) in changes { json[key] = value }
        let uuid = try #require(ImageUUID(Self.uuid))
        return try await registry.client().put(json, [], as: uuid)
    }

    static let names: [(name: String, version: String, tag: String?)] = [
        ("web", "1.0", "web-1.0"), ("debian/13/cloud", "20250814_0524", "debian_13_cloud-20250814_0524"),
        ("my web", "1.0+2", "my_web-1.0_2"), (".web", "1", "_.web-1"), ("-", "-", "_---"), ("index", "0", "index-0"),
        ("6b6be30a-2b59-4f5b-8b9c", "4d61a7d3c1ff", nil),
        (String(repeating: "x", count: 126), "1", String(repeating: "x", count: 126) + "-1"),
        (String(repeating: "x", count: 127), "1", nil), ("..", "..", "_..-.."), ("ä", "1", "__-1"), ("", "1", nil),
    ]

    @Test(arguments: names)
    func aNameAndAVersionAreATag(name: String, version: String, tag: String?) async throws {
        let image = try await put(["name": .string(name), "version": .string(version)])
        #expect(try await registry.client().name(image) == (tag != nil))
        #expect(Set(try await registry.client().tags()) == Set([Self.uuid, tag].compactMap(\.self)))
    }

    @Test func aNameFollowsItsImage() async throws {
        try await registry.client().name(try await put([:]))
        let changed = try await put(["description": "another"])
        #expect(try await registry.client().name(changed))
        #expect(registry.tag("web-1.0") == registry.tag(Self.uuid))
    }

    @Test(arguments: ["{}", "", #"{"schemaVersion":2,"manifests":[]}"#])
    func aTagOfSomebodyElseStays(content: String) async throws {
        registry.put(content, as: "web-1.0")
        let image = try await put([:])
        #expect(try await registry.client().name(image) == false)
        #expect(registry.tag("web-1.0") == Array(content.utf8))
    }

    @Test func whatIsNotActiveHasNoName() async throws {
        let image = try await put(["activated": false])
        #expect(try await registry.client().name(image) == false)
    }
}
