import ImageModel
import JSON
import Testing

@Suite struct FieldPathTests {
    private static let manifest = #"""
        {"name":"base","requirements":{"min_platform":{"7.0":"stamp"},"brand":"lx","a.b":1,"a":{"b":2,"c":3}},
         "files":[{"sha1":"ab","size":5},{"size":6}],"tags":{"role":"os","x.y.z":"long","x":{"y.z":"short","w":"w"},"":{"":"empty"}},
         "p.q":{"r":"dotted"},"p":{"q":{"r":"nested"},"s":"nested"},"public":true,"nothing":null}
        """#

    @Test(
        arguments: [
            ("name", #""base""#), ("requirements.brand", #""lx""#), ("requirements.min_platform.7.0", #""stamp""#),
            ("files.0.sha1", #""ab""#), ("files.1.size", "6"), ("tags.role", #""os""#), ("public", "true"),
            ("nothing", "null"),
            // the longest key that fits wins
            ("requirements.a.b", "1"), ("requirements.a.c", "3"), ("tags.x.y.z", #""long""#), ("tags.x.w", #""w""#),
            ("p.q.r", #""dotted""#),
            ("p.s", #""nested""#), ("tags..", #""empty""#),
            ("files", #"[{"sha1":"ab","size":5},{"size":6}]"#),
            ("files.2", nil), ("files.00", nil), ("files.+0", nil), ("files.-1", nil), ("files.x", nil),
            ("files.", nil),
            ("files.99999999999999999999", nil), ("name.x", nil), ("name.0", nil), ("public.x", nil), ("missing", nil),
            ("tags.missing", nil),
            ("", nil), (".", nil), ("..", nil), ("requirements..brand", nil),
        ] as [(String, String?)])
    func finds(path: String, text: String?) throws {
        let tree = try JSONValue(parsing: Self.manifest)
        let slice = try JSONDocument(Array(Self.manifest.utf8)).root
        #expect(FieldPath(path).find(in: tree)?.text() == text)
        #expect(FieldPath(path).find(in: slice)?.text() == text)
        // prepared for many images: the same, but null counts as missing
        let selection = FieldSelection([FieldPath("name"), FieldPath(path)])
        #expect(selection.values(of: tree)[1]?.text() == (text == "null" ? nil : text))
        #expect(selection.values(of: slice)[1]?.text() == (text == "null" ? nil : text))
    }

    @Test(
        arguments: [
            ("\"x\"", "x"), ("\"\"", ""), ("7", "7"), ("1.50", "1.50"), ("1e3", "1000"), ("true", "true"),
            ("false", "false"), ("null", nil),
            ("[1, \"a\"]", #"[1,"a"]"#), ("{ }", "{}"),
        ] as [(String, String?)])
    func textOfAValue(json: String, text: String?) throws {
        #expect(try JSONValue(parsing: json).fieldText == text)
    }

    private static let docker = #"""
        {"type":"docker","published_at":"2020-01-02T03:04:05.678Z","size":"not this","source":"nor this","files":[{"size":77}],
         "tags":{"docker:repo":"busybox","docker:id":"sha256:0123456789abcdef0123456789abcdef","docker:tag:latest":true,"docker:tag:1.2":true}}
        """#

    @Test(arguments: [
        ("published_date", #""2020-01-02""#), ("pub", #""2020-01-02""#), ("published", #""2020-01-02T03:04:05Z""#),
        ("size", "77"),
        ("source", #""https://x""#), ("zpool", #""zones""#), ("clones", "3"), ("docker_repo", #""busybox""#),
        ("docker_id", #""sha256:0123456789abcdef0123456789abcdef""#), ("docker_short_id", #""0123456789ab""#),
        ("docker_tags", #"["latest","1.2"]"#),
    ])
    func computedFields(path: String, text: String) throws {
        let selection = FieldSelection([FieldPath(path)])
        let extras = ImageExtras(source: "https://x", zpool: "zones", clones: 3)
        #expect(try selection.values(of: JSONValue(parsing: Self.docker), extras)[0]?.text() == text)
        #expect(try selection.values(of: JSONDocument(Array(Self.docker.utf8)).root, extras)[0]?.text() == text)
        // nothing to compute it from, or nonsense
        #expect(selection.values(of: [:] as JSONValue) == [nil])
        #expect(
            selection.values(of: ["published_at": 1, "files": [7], "tags": [], "type": "docker"] as JSONValue)[0]
                == (path == "docker_tags" ? [] : nil))
        #expect(selection.values(of: 7 as JSONValue) == [nil])
    }

    @Test func dockerFieldsAreForDockerImages() throws {
        let other: JSONValue = ["type": "zvol", "tags": ["docker:repo": "busybox", "docker:id": "sha256:01"]]
        #expect(
            FieldSelection(["docker_repo", "docker_id", "docker_short_id", "docker_tags"]).values(of: other) == [
                nil, nil, nil, nil,
            ])
    }
}
