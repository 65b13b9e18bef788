import Failure
import ImageModel
import JSON
import Testing

/// Fields that nobody knows are told from those that no image happens to have.
@Suite struct UnknownFieldTests {
    /// Of a field with few values, a slip is told; what some image has can be asked for, and what is like none is no slip.
    @Test(
        arguments: [
            ("type=zvoll", "zvol"), ("os=linus", "linux"), ("state=activ", "active"), ("public=ture", "true"),
            ("type=zvol", nil), ("type=odd", nil), ("type=container", nil), ("type=dockr", nil), ("name=zvoll", nil),
            ("type=~zvoll", nil),
        ] as [(String, String?)])
    func aSlipInAValueIsTold(filter: String, near: String?) throws {
        let images: [JSONValue] = [["name": "a", "type": "odd"], ["name": "b", "type": "dockr"], ["type": "zvol"]]
        let query = try ImageQuery(columns: "uuid", filters: [filter])
        do {
            try query.checkFields(among: images) { $0 }
            #expect(near == nil, "\(filter)")
        } catch {
            #expect(near.map { error.hint?.contains("did you mean \"\($0)\"?") == true } == true, "\(filter): \(error)")
            #expect(error.exitStatus == 2)
        }
    }

    private static let images: [JSONValue] = [
        ["name": "a", "rare": 1, "tags": ["role": "web"], "null": .null], ["name": "b", "x.y": 2],
    ]

    /// The hint of the error, or what stands for none.
    private static func hint(
        _ query: ImageQuery, _ images: [JSONValue] = images, areAll: Bool = true, besides others: [String] = []
    ) -> String {
        do {
            try query.checkFields(among: images, areAll: areAll, besides: others) { $0 }
            return "known"
        } catch {
            #expect(error.exitStatus == 2, "\(error)")
            return error.hint ?? "none"
        }
    }

    @Test(arguments: [
        "uuid", "v", "pub", "published_date", "docker_tags", "size", "unique", "error", "owner", "acl", "urn",
        "tags.none",
        "requirements.brand", "files.0.sha1", "traits", "rare", "x.y", "null", "channels",
    ])
    func isKnown(field: String) throws {
        #expect(Self.hint(try ImageQuery(columns: field)) == "known")
        #expect(Self.hint(try ImageQuery(columns: "uuid", sort: "-\(field)")) == "known")
        #expect(Self.hint(try ImageQuery(columns: "uuid", filters: ["\(field)=~x"])) == "known")
    }

    @Test(arguments: [
        ("nmae", "did you mean \"name\"?"), ("verison", "did you mean \"version\"?"),
        ("role", "did you mean \"tags.role\"?"), ("tag.role", "imgadm list -o help shows the fields"),
        ("nobody", "imgadm list -o help shows the fields"), ("rare.x", "imgadm list -o help shows the fields"),
        ("Name", "did you mean \"name\"?"), ("repositry", "did you mean \"repository\"?"),
    ])
    func isUnknown(field: String, hint: String) throws {
        let others = ["repository"]
        #expect(Self.hint(try ImageQuery(columns: "uuid,\(field)"), besides: others) == hint)
        #expect(Self.hint(try ImageQuery(columns: "uuid", sort: field), besides: others) == hint)
        #expect(Self.hint(try ImageQuery(columns: "uuid", filters: ["\(field)=x"]), besides: others) == hint)
    }

    /// A script that asks for a member of its own must not fail on a host that is new, or while a source is away.
    @Test func whereNotAllImagesAreKnownOnlyASlipIsOne() throws {
        for (images, areAll) in [([], true), (Self.images, false)] as [([JSONValue], Bool)] {
            #expect(Self.hint(try ImageQuery(columns: "uuid,nobody,id,n"), images, areAll: areAll) == "known")
            #expect(
                Self.hint(try ImageQuery(columns: "uuid", filters: ["nmae=x"]), images, areAll: areAll)
                    == "did you mean \"name\"?")
        }
    }

    @Test(
        arguments: [
            ([("nmae", "x")], "did you mean \"name\", not \"nmae\"?"), ([("foo", "x")], nil), ([("acl", "x")], nil),
            ([("verison", "1"), ("OS", "linux")], "did you mean \"version\", not \"verison\"?"),
        ] as [([(String, String)], String?)])
    func aManifestSaysWhichFieldWasMeant(fields: [(String, String)], hint: String?) throws {
        var manifest: JSONObject = [
            "v": 2, "uuid": "5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001", "name": "a", "version": "1", "type": "other",
            "os": "linux",
        ]
        for (field, value) in fields { manifest[field] = .string(value) }
        let failure = #expect(throws: Failure.self) { try ManifestValidation.check(manifest) }
        if let hint {
            #expect(failure?.hint?.hasPrefix(hint) == true, "\(failure?.hint ?? "")")
        } else {
            #expect(failure?.hint == nil)
        }
    }
}
