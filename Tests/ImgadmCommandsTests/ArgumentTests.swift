import Failure
import ImageModel
import JSON
import Testing

@testable import ImgadmCommands

/// What arguments are taken for, before anything is asked of anybody.
@Suite struct ArgumentTests {
    private static let uuid = "5f1dd7b6-7d4a-4bd4-8d3b-9f2f2ab1c001"

    /// The kind of argument, and what of it counts.
    private static func kind(_ text: String) throws -> String {
        switch try ImageArgument(text) {
        case .uuid(let uuid): "uuid \(uuid)"
        case .name(let name): "name \(name)"
        case .reference(let reference): "docker \(reference.localName):\(reference.target)"
        case .either(let name, _): "either \(name)"
        case .beginning(let digits, let name): "digits \(digits)\(name == nil ? "" : " or name")"
        case .path(let name, let reference): "path \(name)\(reference == nil ? "" : " or docker")"
        }
    }

    static let arguments: [(text: String, kind: String)] = [
        (uuid, "uuid \(uuid)"), (uuid.uppercased(), "uuid \(uuid)"), ("web", "either web"),
        ("web@1.0", "name web@1.0"), ("imgapi:web", "name web"), ("Web Server@1", "name Web Server@1"),
        ("debian:12", "docker debian:12"), ("docker:debian", "docker debian:latest"),
        ("quay.io/a/b", "docker quay.io/a/b:latest"), ("debian/13/cloud", "path debian/13/cloud or docker"),
        ("ecaa2290", "either ecaa2290"), ("ecaa2290-", "digits ecaa2290- or name"),
        ("ecaa2290\u{2026}", "digits ecaa2290"), ("ecaa2290-1...", "digits ecaa2290-1"),
        ("docker:ecaa2290", "docker ecaa2290:latest"), ("ecaa2290:1", "docker ecaa2290:1"),
        ("debian/13/cloud@20250814", "path debian/13/cloud@20250814"),
    ]

    @Test(arguments: arguments) func aWordNamesAnImage(text: String, kind: String) throws {
        #expect(try Self.kind(text) == kind)
    }

    @Test(arguments: [
        "", "a\u{1b}b", "imgapi:", "ftp://a/b", "docker://debian:12", "@", "a b:c d", "web@", "-", "htp://a/b",
        "my.host/web.zfs.gz",
    ])
    func whatNamesNothingIsRefused(text: String) {
        #expect(throws: Failure.self) { try ImageArgument(text) }
    }

    static let fields: [(text: String, path: String, value: JSONValue)] = [
        ("name=web", "name", "web"), ("version=1", "version", "1"), ("image_size=10", "image_size", 10),
        ("tags.team=web", "tags.team", "web"), ("tags.n=1", "tags.n", 1), ("public=true", "public", true),
        ("requirements={\"brand\":\"lx\"}", "requirements", ["brand": "lx"]), ("a=", "a", ""), ("a==", "a", "="),
        ("description=", "description", ""),
    ]

    @Test(arguments: fields) func aFieldIsJSONOrText(text: String, path: String, value: JSONValue) throws {
        let fields = try ManifestArguments.fields([text])
        #expect(fields.count == 1 && fields.first?.path == path && fields.first?.value == value)
    }

    @Test(arguments: ["name", "=x", ""]) func whatIsNoFieldIsRefused(text: String) {
        #expect(throws: Failure.self) { try ManifestArguments.fields([text]) }
    }

    static let options: [(words: [String], expanded: [String])] = [
        (["-jH"], ["-j", "-H"]), (["-Ho", "uuid"], ["-H", "-o", "uuid"]), (["-ouuid"], ["-o", "uuid"]),
        (["-Houuid", "x"], ["-H", "-o", "uuid", "x"]), (["-o"], ["-o"]), (["--", "-jH"], ["--", "-jH"]),
        (["-o", "-H"], ["-o", "-H"]), (["-"], ["-"]), (["--format", "-j"], ["--format", "-j"]),
    ]

    @Test(arguments: options) func shortOptionsMayCluster(words: [String], expanded: [String]) {
        #expect(ShortOptions(valueLetters: "o").expand(words) == expanded)
    }

    static let slips: [(word: String, near: String?)] = [
        ("improt", "import"), ("lst", "list"), ("impot", "import"), ("import", nil), ("x", nil), ("vacuumm", "vacuum"),
        ("completely", nil),
    ]

    @Test(arguments: slips) func aSlipIsNearAWord(word: String, near: String?) {
        #expect(Suggestion.nearest(to: word, among: ["import", "list", "vacuum", "install"]) == near)
    }
}
