import Failure
import ImageModel
import JSON
import Testing

@Suite struct ManifestTests {
    static let uuid = "01b2c898-945f-11e1-a523-af1afbe22822"

    @Test func orderAndUnknownFieldsSurvive() throws {
        let text = #"{"zz":1.0,"uuid":"01b2c898-945f-11e1-a523-af1afbe22822","a":{"y":[],"x":null}}"#
        #expect(try JSONValue.object(Manifest(JSONValue(parsing: text)).json).text() == text)
    }

    @Test(arguments: [
        ("[]", "invalid manifest: not a JSON object but array"),
        ("null", "invalid manifest: not a JSON object but null"),
        ("{}", "invalid manifest: it has no \"uuid\""),
        (#"{"uuid":7}"#, "invalid manifest: \"uuid\" is not a UUID: 7"),
        (#"{"uuid":"x"}"#, "invalid manifest: \"uuid\" is not a UUID: \"x\""),
        (
            #"{"uuid":"01B2C898-945f-11e1-a523-af1afbe22822"}"#,
            "invalid manifest: \"uuid\" is not a UUID: \"01B2C898-945f-11e1-a523-af1afbe22822\""
        ),
    ])
    func refusesWhatNamesNoImage(text: String, message: String) throws {
        let value = try JSONValue(parsing: text)
        let failure = #expect(throws: Failure.self) { try Manifest(value) }
        #expect(failure?.code == .invalidManifest)
        #expect(failure?.message == message)
    }

    @Test func readsItsFields() throws {
        let manifest = try Manifest(
            JSONValue(
                parsing: #"""
                    {"v":2,"uuid":"01b2c898-945f-11e1-a523-af1afbe22822","owner":"00000000-0000-0000-0000-000000000000","name":"base","version":"1.2",
                     "type":"zone-dataset","os":"smartos","state":"active","origin":"f669428c-a939-11e2-a485-b790efc0f0c1",
                     "published_at":"2012-05-02T15:15:24.000Z","channels":["dev","release"],"tags":{"role":"os"},
                     "requirements":{"brand":"lx"},
                     "files":[{"sha1":"97f8","size":110742036,"compression":"bzip2","dataset_guid":"85","digest":"sha256:1",
                               "uncompressedDigest":"sha256:2","url":"http://x/y"}]}
                    """#))
        #expect(manifest.uuid.description == Self.uuid)
        #expect(manifest.owner == .zero)
        #expect(manifest.title == "base@1.2")
        #expect(manifest.type == "zone-dataset" && manifest.os == "smartos" && manifest.isActive)
        #expect(manifest.origin?.description == "f669428c-a939-11e2-a485-b790efc0f0c1")
        #expect(manifest.publishedAt == "2012-05-02T15:15:24.000Z")
        #expect(manifest.channels == ["dev", "release"])
        #expect(manifest.tags["role"] == "os" && manifest.requirements["brand"] == "lx")
        let file = try #require(manifest.files.first)
        #expect(
            file.size == 110_742_036 && file.sha1 == "97f8" && file.compression == "bzip2" && file.datasetGUID == "85")
        #expect(file.digest == "sha256:1" && file.uncompressedDigest == "sha256:2" && file.url == "http://x/y")
    }

    /// Whatever a server puts where something else should be: nil, and no trap.
    @Test(arguments: [
        "null", "true", "-1", "1e999", "99999999999999999999", "\"x\"", "[]", "[null]", "[[]]", "{}", "{\"a\":1}",
    ])
    func wrongTypesAreNil(junk: String) throws {
        let fields = [
            "owner", "name", "version", "type", "os", "state", "origin", "published_at", "channels", "files",
            "requirements", "tags",
        ]
        let value = try JSONValue(parsing: junk)
        let json = JSONObject([("uuid", .string(Self.uuid))] + fields.map { ($0, value) })
        let manifest = try Manifest(json)
        #expect(manifest.owner == nil && manifest.origin == nil)
        #expect(manifest.name == value.stringValue && manifest.publishedAt == value.stringValue)
        #expect(manifest.files.isEmpty || junk == "[null]" || junk == "[[]]")
        #expect(!manifest.isActive)
        let file = try #require(
            ImageFile(
                JSONValue.object(
                    JSONObject(["size", "sha1", "compression", "dataset_guid", "digest"].map { ($0, value) }))))
        #expect(file.size == nil)
        #expect(file.sha1 == value.stringValue)
    }

    @Test func theUUIDStays() throws {
        var manifest = try Manifest(["uuid": .string(Self.uuid), "name": "a"] as JSONObject)
        manifest["uuid"] = "other"
        manifest["name"] = "b"
        manifest["version"] = "1"
        #expect(
            JSONValue.object(manifest.json).text()
                == #"{"uuid":"01b2c898-945f-11e1-a523-af1afbe22822","name":"b","version":"1"}"#)
    }

    @Test func aTitleNeedsNoFields() throws {
        #expect(try Manifest(["uuid": .string(Self.uuid)] as JSONObject).title == "?@?")
    }

    @Test(arguments: [
        ("2023-01-02T03:04:05.678Z", "2023-01-02", "2023-01-02T03:04:05Z"),
        ("2023-01-02T03:04:05Z", "2023-01-02", "2023-01-02T03:04:05Z"),
        ("2023-01-02", "2023-01-02", "2023-01-02"),
        ("2023-01-02T03:04:05.678+00:00", "2023-01-02", "2023-01-02T03:04:05.678+00:00"),
        ("a.bcZ", "a.bcZ", "a.bcZ"), (".Z", ".Z", ".Z"), ("Z", "Z", "Z"), ("", "", ""), ("T.1Z", "", "TZ"),
    ])
    func dates(publishedAt: String, day: String, second: String) {
        #expect(PublishedDate.day(of: publishedAt) == day)
        #expect(PublishedDate.second(of: publishedAt) == second)
    }
}
