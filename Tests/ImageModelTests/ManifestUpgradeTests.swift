import Failure
import ImageModel
import JSON
import Testing

@Suite struct ManifestUpgradeTests {
    private static let base =
        #""uuid":"01b2c898-945f-11e1-a523-af1afbe22822","creator_uuid":"352971aa-31ba-496c-9ade-a379feaecd52""#

    private static func upgrade(_ more: String) throws -> JSONObject {
        let object = try #require(try JSONValue(parsing: "{\(base)\(more.isEmpty ? "" : ",")\(more)}").objectValue)
        return try ManifestUpgrade.upgrade(object)
    }

    @Test func anOldManifestBecomesAValidOne() throws {
        let upgraded = try Self.upgrade(
            #"""
            "name":"smartos","version":"1.3.18","type":"zone-dataset","os":"smartos","description":"d","vendor_uuid":"v","creator_name":"sdc",
            "cloud_name":"sdc","creator_admin":"a","platform_type":"smartos","created_at":"2011-11-14T22:58Z","updated_at":"u","owner_uuid":"o",
            "_url":"x","urn":"sdc:sdc:smartos:1.3.18","files":[{"path":"smartos-1.3.18.zfs.bz2","sha1":"ab","size":1,"url":"http://x/y"}]
            """#)
        #expect(
            JSONValue.object(upgraded).text(.indented(2)) == """
                {
                  "v": 2,
                  "uuid": "01b2c898-945f-11e1-a523-af1afbe22822",
                  "name": "smartos",
                  "version": "1.3.18",
                  "type": "zone-dataset",
                  "os": "smartos",
                  "description": "d",
                  "urn": "sdc:sdc:smartos:1.3.18",
                  "files": [
                    {
                      "sha1": "ab",
                      "size": 1,
                      "compression": "bzip2"
                    }
                  ],
                  "owner": "352971aa-31ba-496c-9ade-a379feaecd52",
                  "public": true,
                  "disabled": false,
                  "state": "active",
                  "published_at": "2011-11-14T22:58:00Z"
                }
                """)
        #expect(ManifestValidation.validate(upgraded) == [])
    }

    @Test(arguments: [
        (#""restricted_to_uuid":"x""#, "public", "false"), (#""restricted_to_uuid":"x""#, "acl", #"["x"]"#),
        (#""restricted_to_uuid":null"#, "public", "true"), ("", "public", "true"),
        (#""disabled":true"#, "state", #""disabled""#), (#""disabled":true"#, "disabled", "true"),
        (#""disabled":false"#, "state", #""active""#),
        (#""disabled":7"#, "disabled", "false"),
        (#""owner":"other""#, "owner", #""352971aa-31ba-496c-9ade-a379feaecd52""#),
        (#""published_at":"2012-01-02T03:04:05Z","created_at":"x""#, "published_at", #""2012-01-02T03:04:05Z""#),
        (#""created_at":"2012-01-02T03:04:05.678Z""#, "published_at", #""2012-01-02T03:04:05.678Z""#),
        (#""created_at":"2012-01-02T03:04:05.678+00:00""#, "published_at", #""2012-01-02T03:04:05.678Z""#),
        (#""created_at":"2012-01-02T03:04""#, "published_at", #""2012-01-02T03:04:00Z""#),
        (#""created_at":"2012-01-02""#, "published_at", #""2012-01-02T00:00:00Z""#),
        (#""created_at":"long ago""#, "published_at", #""long ago""#),
        (#""image_size":"10240""#, "image_size", "10240"), (#""image_size":10240"#, "image_size", "10240"),
        (#""image_size":"x""#, "image_size", #""x""#),
        (#""files":[{"path":"a.gz"}]"#, "files", #"[{"compression":"gzip"}]"#),
        (#""files":[{"path":"a.zfs"}]"#, "files", #"[{"compression":"none"}]"#),
        (#""files":[{"url":"http://x/a.bz2"}]"#, "files", #"[{"compression":"bzip2"}]"#),
        (#""files":[7,{}]"#, "files", #"[7,{"compression":"none"}]"#),
        (#""files":"x""#, "files", #""x""#),
    ])
    func field(more: String, field: String, text: String) throws {
        #expect(try Self.upgrade(more)[field]?.text() == text)
    }

    @Test(arguments: [
        ("\"path\":\"x\",\"compression\":\"gzip\"", "gzip"), ("\"path\":\"x.gz\",\"compression\":\"bzip2\"", "bzip2"),
        ("\"path\":\"x.gz\",\"compression\":\"none\"", "none"), ("\"path\":\"x.gz\",\"compression\":null", "gzip"),
        ("\"path\":\"x.bz2\"", "bzip2"), ("\"url\":\"http://h/x.gz\"", "gzip"), ("\"path\":\"x\"", "none"),
    ])
    func theCompressionThatIsStatedCountsMoreThanTheName(file: String, compression: String) throws {
        let upgraded = try Self.upgrade("\"files\":[{\(file)}]")
        #expect(upgraded["files"]?.arrayValue?.first?["compression"]?.stringValue == compression)
    }

    @Test func withoutAnyDateNoneIsMadeUp() throws {
        #expect(try Self.upgrade("")["published_at"] == nil)
        #expect(try Self.upgrade(#""restricted_to_uuid":"x""#)["restricted_to_uuid"] == nil)
    }

    @Test func aManifestWithAVersionStaysAsItIs() throws {
        let manifest: JSONObject = ["v": 2, "creator_uuid": "x", "files": [["path": "a.gz"]]]
        #expect(try ManifestUpgrade.upgrade(manifest) == manifest)
    }

    @Test func whatIsNeitherIsNoManifest() {
        let failure = #expect(throws: Failure.self) { try ManifestUpgrade.upgrade(["uuid": "x", "name": "y"]) }
        #expect(failure?.code == .invalidManifest)
    }
}
