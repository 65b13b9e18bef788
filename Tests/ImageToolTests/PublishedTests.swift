import Compression
import ImageModel
import JSON
import SystemPackage
import Testing

@testable import ImageTool

/// When an image on a server is the one that is to be published (imgapi.md, sections 3 and 4).
@Suite struct PublishedTests {
    private static let ours: JSONObject = [
        "v": 2, "uuid": "5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001", "name": "web", "version": "1.0.0", "type": "zvol",
        "os": "linux", "image_size": 40, "tags": ["role": "db"], "billing_tags": ["a"],
        "files": [["sha1": "aa", "size": 5]],
    ]

    /// What a server has in place of ours, and the fields that make it another image.
    static let answers: [(changes: JSONObject, differences: [String])] = [
        ([:], []),
        // What the server decides, or fills in.
        (["owner": "00000000-0000-0000-0000-000000000000", "state": "unactivated", "files": []], []),
        (["public": true, "published_at": "2026-01-02T03:04:05Z", "disabled": false, "channels": ["dev"]], []),
        // Numbers as text, and what is empty.
        (["image_size": "40", "description": "", "acl": [], "eula": .null, "requirements": [:]], []),
        // What public servers do not show.
        (["billing_tags": .null], []),
        // The tag that publishing itself adds.
        (["tags": ["role": "db", "file_digest": "sha256:00"]], []),
        (["tags": ["role": "web"]], ["tags"]), (["tags": .null], ["tags"]),
        (["name": "other", "image_size": 41], ["name", "image_size"]),
        (["billing_tags": ["b"]], ["billing_tags"]),
        (["homepage": "https://example.com/"], ["homepage"]),
        (["generate_passwords": true], ["generate_passwords"]),
    ]

    @Test(arguments: answers) func whatDiffersIsTheAuthorsToSay(changes: JSONObject, differences: [String]) throws {
        var theirs = Self.ours
        for (key, value) in changes { theirs[key] = value == .null ? nil : value }
        #expect(try HalfPublished.differences(Manifest(Self.ours), Manifest(theirs)) == differences)
    }

    static let files: [(ours: JSONObject, theirs: JSONObject, differences: [String])] = [
        (["dataset_guid": "7"], ["dataset_guid": "7"], []), (["dataset_guid": "7"], ["dataset_guid": 7], []),
        (["dataset_guid": "7", "sha1": "aa"], ["dataset_guid": "7"], ["files.0.sha1"]),
        (
            ["dataset_guid": "7"], ["dataset_guid": "8"],
            ["files.0.size", "files.0.compression", "files.0.dataset_guid"]
        ),
        ([:], ["dataset_guid": "7"], ["files.0.size", "files.0.compression"]),
        (["dataset_guid": "7"], [:], ["files.0.size", "files.0.compression"]),
    ]

    /// The streams that two pools send of one image name the pools, and may be packed otherwise.
    @Test(arguments: files) func filesOfOneSnapshotAreOfOneImage(
        ours: JSONObject, theirs: JSONObject, differences: [String]
    ) async throws {
        let file = try UploadFile("/etc/passwd")
        defer { file.close() }
        func manifest(_ file: JSONObject) throws -> Manifest {
            var json = Self.ours
            json["files"] = [.object(file)]
            return try Manifest(json)
        }
        var other = theirs
        (other["size"], other["compression"], other["sha1"]) = (1, "gzip", "bb")
        let found = try await ImageTool.differences(try manifest(ours), file, .none, try manifest(other))
        #expect(found == differences)
    }

    /// A moment that the author gave holds.
    @Test func aGivenMomentIsCompared() throws {
        var (ours, theirs) = (Self.ours, Self.ours)
        ours["published_at"] = "2026-01-01T00:00:00Z"
        theirs["published_at"] = "2026-01-02T00:00:00Z"
        #expect(try HalfPublished.differences(Manifest(ours), Manifest(theirs)) == ["published_at"])
    }
}
