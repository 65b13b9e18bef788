import Failure
import ImageModel
import JSON
import Testing

@Suite struct FieldFilterTests {
    @Test(arguments: [
        ("a=x", "\"x\"", true), ("a=x", "\"xy\"", false), ("a=x", "\"X\"", false), ("a=", "\"\"", true),
        ("a=7", "7", true), ("a=7", "\"7\"", true),
        ("a=1000", "1e3", true), ("a=true", "true", true), ("a=true", "false", false), ("a=false", "false", true),
        ("a=true", "\"true\"", true),
        ("a=null", "null", false), ("a=b=c", "\"b=c\"", true), ("a=[1,2]", "[1, 2]", true), ("a=1", "[1]", false),
        ("a=~x", "\"axb\"", true), ("a=~x", "\"ab\"", false), ("a=~", "\"\"", true), ("a=~", "null", false),
        ("a=~ru", "true", true),
        ("a=~23", "1234", true), ("a=~x", "[\"a\",\"bxc\"]", true), ("a=~x", "[]", false), ("a=~", "[]", false),
        ("a=~2", "[1,12]", true),
        ("a=~,", "[1,2]", false), ("a=~x", "{\"x\":1}", true), ("a=~y", "{\"x\":1}", false),
        ("a=~é", "\"caf\u{E9}\"", true), ("a=~longer than it", "\"it\"", false),
    ])
    func matches(argument: String, value: String, isMatch: Bool) throws {
        let filter = try FieldFilter(argument)
        #expect(filter.path.text == "a")
        #expect(try filter.matches(JSONValue(parsing: value)) == isMatch)
        #expect(!filter.matches(nil))
    }

    /// As people paste it: in upper case, or with blanks around it.
    @Test(arguments: ["uuid", "origin", "owner", "name"]) func aUUIDIsUnderstood(field: String) throws {
        let uuid = "5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001"
        #expect(try FieldFilter("\(field)=\(uuid)").matches(.string(uuid)))
        for typed in [uuid.uppercased(), " \(uuid)\n"] {
            #expect(try FieldFilter("\(field)=\(typed)").matches(.string(uuid)) == (field != "name"), "\(typed)")
        }
    }

    @Test(arguments: [
        ("5f1dd7b6", true), ("5F1DD7B6-7D", true), ("5F1DD7B6\u{2026}", true), ("~7D4A-4", true),
        ("~7d4a-4", true), ("~7D4B", false), ("5f1dd7b6\u{2026}", true), ("5f1dd7b6...", true),
        ("5f1dd7b6-7d4a-4bd4-8", true),
        ("5f1dd7b", false), ("5f1dd7b7", false), ("7d4a-4bd4-8d3b", false), ("5f1d\u{2026}", false),
    ])
    func theFirstDigitsOfAUUIDAreUnderstood(typed: String, isMatch: Bool) throws {
        let uuid = "5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001"
        for field in ["uuid", "origin", "owner"] {
            let filter = try FieldFilter("\(field)=\(typed)")
            #expect(filter.matches(.string(uuid)) == isMatch)
            #expect(!filter.matches(.string("5f1dd7b6 is no UUID")) && !filter.matches(nil))
        }
        // Other texts have case, and no digits stand for more.
        #expect(try FieldFilter("name=\(typed)").matches(.string(uuid)) == (typed == "~7d4a-4"))
    }

    /// In whatever form it is typed; of a digest the digests are asked, since what has a tag is not called by them.
    @Test(arguments: [
        ("debian:12", "reference", "debian:12"), ("docker.io/library/debian:12", "reference", "debian:12"),
        ("debian", "reference", "debian:latest"), ("ghcr.io/a/b:1", "reference", "ghcr.io/a/b:1"),
        ("localhost:5000/a", "reference", "localhost:5000/a:latest"),
        ("library/debian@\(digest)", "docker_digests", "debian@\(digest)"),
    ])
    func aReferenceIsUnderstood(typed: String, field: String, name: String) throws {
        let filter = try FieldFilter("reference=\(typed)")
        #expect(filter.path.text == field)
        #expect(filter.matches(["other:1", .string(name)]))
        #expect(!filter.matches(["other:1"]) && !filter.matches([]) && !filter.matches(.string(name)))
    }

    private static let digest = "sha256:\(String(repeating: "ab", count: 32))"

    @Test func whatIsNoReferenceIsThatOfNoImage() throws {
        #expect(try !FieldFilter("reference=No Reference").matches(["no-reference:latest"]))
        #expect(try FieldFilter("reference=~debian").matches(["a:1", "debian:12"]))
    }

    @Test(arguments: ["x", "", "=", "=x", "=~x", "~"])
    func anotherFormIsAUsageError(argument: String) {
        let failure = #expect(throws: Failure.self) { try FieldFilter(argument) }
        #expect(failure?.code == .usage)
        #expect(failure?.message == "invalid filter: \"\(argument)\" (must be of the form \"field=value\")")
    }
}
