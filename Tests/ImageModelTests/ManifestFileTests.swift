import ImageModel
import JSON
import Testing

/// A manifest gets another file.
@Suite struct ManifestFileTests {
    private static let digest = "sha256:" + String(repeating: "5", count: 64)

    private func manifest(_ tags: JSONObject) throws -> Manifest {
        try Manifest(
            JSONValue.object([
                "v": 2, "uuid": "5f1dd7b6-0000-4000-8000-000000000001", "tags": .object(tags),
                "files": [["sha1": "former", "size": 1, "dataset_guid": "7"]],
            ]))
    }

    @Test("What was said of the former file goes, in its description and in the tag; other tags stay")
    func another() throws {
        var manifest = try manifest(["file_digest": .string(Self.digest), "team": "web"])
        manifest.setFile(["sha1": "new", "size": 2])
        #expect(manifest.json["files"] == [["sha1": "new", "size": 2]])
        #expect(manifest.json["tags"] == ["team": "web"] && manifest.fileDigest == nil)
    }

    @Test(
        "A tag that stood alone leaves none; without it, tags stay as they are",
        arguments: [
            (["file_digest": .string(digest)], nil), ([:], [:]), (["team": "web"], ["team": "web"]),
        ] as [(JSONObject, JSONValue?)])
    func alone(tags: JSONObject, left: JSONValue?) throws {
        var manifest = try manifest(tags)
        manifest.dropFileDigestTag()
        #expect(manifest.json["tags"] == left && manifest.files.first?.sha1 == "former")
    }
}
