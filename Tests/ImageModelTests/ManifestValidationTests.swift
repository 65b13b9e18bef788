import Failure
import ImageModel
import JSON
import Testing

@Suite struct ManifestValidationTests {
    private static let uuid = "01b2c898-945f-11e1-a523-af1afbe22822"

    private static let good: JSONObject = [
        "v": 2, "uuid": .string(uuid), "name": "base", "version": "1.0", "type": "zone-dataset", "os": "smartos",
    ]

    private static let zvol: JSONObject = [
        "v": 2, "uuid": .string(uuid), "name": "base", "version": "1.0", "type": "zvol", "os": "linux",
        "nic_driver": "virtio",
        "disk_driver": "virtio", "cpu_type": "host", "image_size": 10240,
    ]

    /// A manifest and the fields (JSON text each; nil takes one away) that are different in it.
    private static func violations(_ base: JSONObject, _ changes: [(String, String?)]) throws -> [String] {
        var manifest = base
        for (field, text) in changes { manifest[field] = try text.map { try JSONValue(parsing: $0) } }
        return ManifestValidation.validate(manifest).map { "\($0.field) \($0.code.rawValue)" }
    }

    /// No image comes with `activated`, which is known to who keeps it.
    @Test func everyFieldHasItsRow() {
        #expect(ManifestField.importable.union(["activated"]) == Set(ManifestField.allCases.map(\.rawValue)))
        #expect(ManifestField.nullable.union(ManifestField.mutable).isSubset(of: ManifestField.importable))
    }

    @Test func theLeastManifestIsValid() {
        #expect(ManifestValidation.validate(Self.good) == [])
        #expect(ManifestValidation.validate(Self.zvol) == [])
    }

    @Test(arguments: ["v", "uuid", "name", "version", "type", "os"])
    func neededFields(field: String) throws {
        #expect(try Self.violations(Self.good, [(field, nil)]) == ["\(field) MissingParameter"])
        #expect(try Self.violations(Self.good, [(field, "null")]) == ["\(field) MissingParameter"])
    }

    @Test(arguments: [
        ("v", "0"), ("v", "1"), ("v", "2.5"), ("owner", "\"\(uuid)\""),
        ("origin", "\"a1b2c898-945f-11e1-a523-af1afbe22822\""),
        ("name", "\"a B/c_d.e-1\""), ("version", "\"1.0+git/x_y-z\""), ("description", "\"\""), ("description", "null"),
        ("homepage", "\"http://x\""), ("eula", "\"HTTPS://example.org:80/a?b#c\""), ("disabled", "false"),
        ("disabled", "\"true\""),
        ("activated", "\"false\""), ("public", "true"), ("icon", "true"), ("generate_passwords", "\"false\""),
        ("published_at", "\"2020-01-02T03:04:05Z\""), ("published_at", "\"2020-01-02T03:04:05.678Z\""),
        ("state", "\"active\""), ("state", "\"unactivated\""), ("state", "\"disabled\""), ("state", "\"failed\""),
        ("state", "\"creating\""),
        ("type", "\"lx-dataset\""), ("type", "\"lxd\""), ("type", "\"docker\""), ("type", "\"other\""),
        ("os", "\"linux\""), ("os", "\"windows\""), ("os", "\"bsd\""), ("os", "\"illumos\""), ("os", "\"other\""),
        ("files", "[]"), ("files", "null"), ("files", #"[{"sha1":"ab","size":0,"compression":"gzip"}]"#),
        (
            "files",
            #"[{"sha1":"ab","size":1,"compression":"zstd","digest":"d","uncompressedDigest":"u","dataset_guid":"1","stor":"s","path":"p","x":1}]"#
        ),
        ("files", #"[{"sha1":"ab","size":1,"compression":"none","dataset_guid":1}]"#),
        ("acl", "[]"), ("acl", "[\"\(uuid)\"]"), ("requirements", "{}"), ("requirements", #"{"networks":[]}"#),
        (
            "requirements",
            #"{"networks":[{"name":"net0","description":"public"}],"brand":"lx","ssh_key":true,"min_ram":256,"max_ram":256}"#
        ),
        (
            "requirements",
            #"{"min_platform":{"7.0":"20141030T081701Z"},"max_platform":{"6.5":"20121231T235959Z","7":"20150101T000000Z"}}"#
        ),
        ("requirements", #"{"bootrom":"uefi","brand":"bhyve"}"#), ("users", #"[{"name":"root"}]"#), ("users", "[]"),
        ("billing_tags", "[\"\(String(repeating: "x", count: 128))\"]"), ("traits", #"{"a":"b","c":true,"d":[1]}"#),
        ("tags", #"{"a":{"b":[1,null]}}"#), ("inherited_directories", #"["/opt"]"#), ("urn", "\"sdc:sdc:a:1\""),
        ("channels", #"["dev"]"#),
        ("error", #"{"message":"m"}"#),
    ])
    func passes(field: String, text: String) throws {
        #expect(try Self.violations(Self.good.filtered(for: text, field), [(field, text)]) == [])
    }

    @Test(arguments: [
        ("v", "-1"), ("v", "\"two\""), ("v", "\"-2\""), ("uuid", "\"x\""), ("uuid", "\"\(uuid.uppercased())\""),
        ("uuid", "1"),
        ("owner", "\"joe\""),
        ("owner", "null"), ("origin", "null"), ("origin", "[]"),
        ("origin", "\"\(uuid)\""), ("name", "\"\""), ("name", "\"a+b\""),
        ("name", "\"é\""), ("name", "1"),
        ("name", "\"a\\n\""), ("name", "\"\(String(repeating: "x", count: 1025))\""), ("version", "\"1 0\""),
        ("version", "[1.0]"),
        ("version", "\"\(String(repeating: "1", count: 513))\""),
        ("description", "\"\(String(repeating: "x", count: 10241))\""),
        ("description", "[]"), ("homepage", "\"ftp://x\""), ("homepage", "\"http://\""), ("homepage", "\"http:///x\""),
        ("homepage", "\"http://a b\""), ("homepage", "\"x\""), ("homepage", "1"),
        ("eula", "\"http://\(String(repeating: "x", count: 1018))\""),
        ("disabled", "1"), ("disabled", "\"yes\""), ("activated", "[]"), ("public", "\"TRUE\""), ("icon", "0"),
        ("generate_passwords", "\"\""),
        ("generate_passwords", "null"), ("published_at", "\"2020-01-02\""), ("published_at", "\"2020-01-02T03:04:05\""),
        ("published_at", "\"2020-01-02T03:04:05.6Z\""), ("published_at", "\"2020-01-02T03:04:05.678Z \""),
        ("published_at", "1577934245"),
        ("published_at", "null"), ("state", "\"gone\""), ("state", "true"), ("type", "\"x\""), ("type", "\"null\""),
        ("type", "1"),
        ("os", "\"beos\""), ("os", "\"null\""), ("files", "{}"), ("acl", "{}"), ("acl", "null"), ("requirements", "[]"),
        ("requirements", "null"),
        ("users", "{}"), ("billing_tags", "\"a\""), ("traits", "[]"), ("tags", "[]"), ("tags", "null"),
        ("tags", "{\"a\":\"\(String(repeating: "x", count: 102_400))\"}"), ("inherited_directories", "\"/\""),
        ("urn", "1"), ("channels", "\"a\""),
        ("nic_driver", "\"virtio\""), ("disk_driver", "\"virtio\""), ("cpu_type", "\"host\""), ("image_size", "1"),
        ("size", "1"), ("creator_uuid", "\"x\""), ("", "1"), ("Name", "\"x\""),
    ])
    func fails(field: String, text: String) throws {
        #expect(try Self.violations(Self.good, [(field, text)]) == ["\(field) Invalid"])
    }

    @Test(arguments: [
        ("acl", #"["x",1]"#, ["acl.0 Invalid", "acl.1 Invalid"]),
        (
            "users", #"[{"name":"a"},{"name":"b","x":1},{},"c"]"#,
            ["users.1 Invalid", "users.2 Invalid", "users.3 Invalid"]
        ),
        (
            "billing_tags", "[1,\"\(String(repeating: "x", count: 129))\"]",
            ["billing_tags.0 Invalid", "billing_tags.1 Invalid"]
        ),
        ("traits", #"{"a":1,"b":{},"c":null}"#, ["traits.a Invalid", "traits.b Invalid", "traits.c Invalid"]),
        ("inherited_directories", "[1]", ["inherited_directories.0 Invalid"]),
        ("channels", "[\"a\",null]", ["channels.1 Invalid"]),
        ("files", "[1]", ["files.0 Invalid"]),
        (
            "files", "[{}]",
            ["files.0.sha1 MissingParameter", "files.0.size MissingParameter", "files.0.compression MissingParameter"]
        ),
        (
            "files", #"[{"sha1":"","size":-1,"compression":"zip"}]"#,
            ["files.0.sha1 Invalid", "files.0.size Invalid", "files.0.compression Invalid"]
        ),
        (
            "files", #"[{"sha1":1,"size":"1.0","compression":null}]"#,
            ["files.0.sha1 Invalid", "files.0.size Invalid", "files.0.compression Invalid"]
        ),
        (
            "files", #"[{"sha1":"a","size":1.5,"compression":"xz","digest":1,"dataset_guid":[]}]"#,
            ["files.0.size Invalid", "files.0.digest Invalid", "files.0.dataset_guid Invalid"]
        ),
        (
            "files", #"[{"sha1":"a","size":1,"compression":"xz","digest":"SHA256:ab"}]"#, ["files.0.digest Invalid"]
        ),
        ("files", #"[{"sha1":"a","size":1,"compression":"xz"},{}]"#, ["files Invalid"]),
        ("requirements", #"{"x":1}"#, ["requirements.x Invalid"]),
        ("requirements", #"{"networks":{}}"#, ["requirements.networks Invalid"]),
        (
            "requirements", #"{"networks":[{"name":"a"},{"name":"a","description":"b","c":1}]}"#,
            ["requirements.networks.0 Invalid", "requirements.networks.1 Invalid"]
        ),
        (
            "requirements", #"{"brand":1,"ssh_key":"true"}"#,
            ["requirements.brand Invalid", "requirements.ssh_key Invalid"]
        ),
        (
            "requirements", #"{"min_ram":"1","max_ram":1.5}"#,
            ["requirements.min_ram Invalid", "requirements.max_ram Invalid"]
        ),
        ("requirements", #"{"min_ram":2,"max_ram":1}"#, ["requirements.max_ram Invalid"]),
        (
            "requirements", #"{"min_platform":{},"max_platform":[]}"#,
            ["requirements.min_platform Invalid", "requirements.max_platform Invalid"]
        ),
        ("requirements", #"{"min_platform":{"7.0":"2014"}}"#, ["requirements.min_platform.7.0 Invalid"]),
        ("requirements", #"{"bootrom":"uefi"}"#, ["requirements.bootrom Invalid"]),
        ("requirements", #"{"bootrom":"grub","brand":"bhyve"}"#, ["requirements.bootrom Invalid"]),
        ("requirements", #"{"bootrom":"bios","brand":"kvm"}"#, ["requirements.bootrom Invalid"]),
        ("activated", "true", ["published_at MissingParameter"]),
        ("activated", "\"true\"", ["published_at MissingParameter"]),
    ])
    func namesThePlace(field: String, text: String, expected: [String]) throws {
        #expect(try Self.violations(Self.good, [(field, text)]) == expected)
    }

    @Test(arguments: [
        ("20120101T000000Z", true), ("20111231T235959Z", false), ("20141330T081701Z", false),
        ("20141032T081701Z", false),
        ("20141000T081701Z", false), ("20141030T241701Z", false), ("20141030T086001Z", false),
        ("20141030T081760Z", false),
        ("20141030T081701", false), ("20141030t081701Z", false), ("", false),
    ])
    func platformStamps(stamp: String, isValid: Bool) throws {
        let text = "{\"max_platform\":{\"7.0\":\"\(stamp)\"}}"
        #expect(try Self.violations(Self.good, [("requirements", text)]).isEmpty == isValid)
    }

    /// Public manifests and the reference's own `create` have them so.
    @Test(arguments: [
        ("v", "\"2\""), ("version", "1"), ("version", "1.0"),
        ("files", #"[{"sha1":"ab","size":"123","compression":"gzip"}]"#),
        ("requirements", #"{"min_platform":{"undefined":"20150226T162528Z"}}"#),
    ])
    func numbersAsTextAndTextAsNumbersAreTaken(field: String, text: String) throws {
        #expect(try Self.violations(Self.good, [(field, text)]).isEmpty)
    }

    @Test func theyAreReadAsWhatTheyMean() throws {
        #expect(try Self.violations(Self.zvol, [("image_size", "\"40960\"")]).isEmpty)
        let json = try JSONValue(
            parsing: """
                {"uuid":"d0000000-0000-4000-8000-000000000001","version":1.20,"files":[{"size":"123"},{"size":"1e3"}],
                "requirements":{"min_platform":{"undefined":"20990226T162528Z"}}}
                """)
        let manifest = try Manifest(json)
        #expect(manifest.version == "1.20" && manifest.files.map(\.size) == [123, nil])
        #expect(PlatformRequirements(manifest).isEmpty)
    }

    @Test func zvolsNeedTheirFields() throws {
        for field in ["nic_driver", "disk_driver", "cpu_type", "image_size"] {
            #expect(try Self.violations(Self.zvol, [(field, nil)]) == ["\(field) MissingParameter"])
        }
        for size in ["0", "-1", "1.5", "\"0\"", "\"-1\"", "\"1.5\"", "\"\"", "\"9223372036854775808\""] {
            #expect(try Self.violations(Self.zvol, [("image_size", size)]) == ["image_size Invalid"])
        }
        #expect(
            try Self.violations(Self.zvol, [("nic_driver", "1"), ("cpu_type", "{}")]) == [
                "nic_driver Invalid", "cpu_type Invalid",
            ])
        #expect(try Self.violations(Self.zvol, [("inherited_directories", "[]")]) == ["inherited_directories Invalid"])
    }

    @Test func anLXDImageMayHaveTwoFiles() throws {
        let file = #"{"sha1":"a","size":1,"compression":"xz"}"#
        #expect(try Self.violations(Self.good, [("type", "\"lxd\""), ("files", "[\(file),\(file)]")]) == [])
        #expect(
            try Self.violations(Self.good, [("type", "\"lxd\""), ("files", "[\(file),\(file),\(file)]")]) == [
                "files Invalid"
            ])
    }

    @Test(arguments: ["creating", "failed"])
    func aPlaceholderMayLackItsType(state: String) throws {
        #expect(
            try Self.violations(Self.good, [("state", "\"\(state)\""), ("type", "\"null\""), ("os", "\"null\"")]) == [])
    }

    /// Any value in any place: violations perhaps, but never a trap; and what is upgraded can be checked as well.
    @Test(arguments: [
        "null", "true", "-1", "1e999", "-1e-999", "18446744073709551616", "\"\"", "\"\\u0000\"", "[]", "[[[]]]",
        "[null]", "[{}]", "{}",
        #"{"":null}"#, #"{"min_ram":1e999,"max_ram":-1e999,"min_platform":{"":""}}"#,
        #"[{"size":-9223372036854775808,"path":7,"url":null}]"#,
    ])
    func survivesAnything(junk: String) throws {
        let value = try JSONValue(parsing: junk)
        let fields = [
            "v", "uuid", "owner", "origin", "name", "version", "description", "homepage", "eula", "disabled",
            "activated", "public",
            "icon", "generate_passwords", "published_at", "created_at", "state", "type", "os", "files", "nic_driver",
            "image_size", "acl",
            "requirements", "users", "billing_tags", "traits", "tags", "inherited_directories", "urn", "channels",
            "restricted_to_uuid",
        ]
        for field in fields {
            var manifest = Self.zvol
            manifest[field] = value
            _ = ManifestValidation.validate(manifest)
            manifest["v"] = nil
            manifest["creator_uuid"] = value
            #expect(try ManifestUpgrade.upgrade(manifest)["v"] == 2)
        }
        let all = JSONObject(fields.map { ($0, value) })
        #expect(!ManifestValidation.validate(all).isEmpty)
    }

    @Test func theMessageListsEverything() {
        var manifest = Self.good
        manifest["name"] = nil
        manifest["type"] = "x"
        manifest["what"] = 1
        let failure = #expect(throws: Failure.self) { try ManifestValidation.check(manifest) }
        #expect(failure?.code == .manifestValidation)
        #expect(
            failure?.message
                == "invalid manifest: name (MissingParameter), type (invalid image type, \"x\", must be one of: "
                + "zone-dataset, lx-dataset, lxd, zvol, docker, other), what (Invalid)")
    }

    @Test func othersMayRequireMore() {
        #expect(
            ManifestValidation.validate(Self.good, required: ManifestValidation.minimal + ["owner", "files"]).map(
                \.description) == ["owner (MissingParameter)", "files (MissingParameter)"])
    }

    @Test func anEmptyManifestLacksAllThatIsNeeded() {
        #expect(ManifestValidation.validate([:]).map(\.field) == ["v", "uuid", "name", "version", "type", "os"])
    }
}

extension JSONObject {
    /// `inherited_directories` and the like fit only some types; what is tested must not fall over that.
    fileprivate func filtered(for text: String, _ field: String) -> JSONObject {
        var copy = self
        if field == "activated", text.contains("true") { copy["published_at"] = "2020-01-02T03:04:05Z" }
        return copy
    }
}
