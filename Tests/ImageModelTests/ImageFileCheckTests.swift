import Failure
import ImageModel
import JSON
import RawBytes
import Testing

/// What a file must turn out to be, by its manifest.
@Suite struct ImageFileCheckTests {
    /// Hexadecimal digits have no case.
    @Test func capitalDigitsHoldToo() throws {
        let digits = String(repeating: "AB", count: 32)
        let check = ImageFileCheck(of: try manifest(["sha1": .string("AA"), "digest": .string("sha256:\(digits)")]))
        #expect(check.digest?.description == "sha256:\(digits.lowercased())" && check.sha1 == "aa")
    }

    /// A server that keeps no digest has it as a tag; what the description of the file says is before that.
    @Test func theTagHoldsWhereThereIsNoDigest() throws {
        let (digits, others) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
        let tags: JSONObject = ["file_digest": .string("sha256:\(digits)")]
        let tagged = ImageFileCheck(of: try manifest(["sha1": "aa"], tags))
        #expect(tagged.digest?.hex == digits)
        let both = ImageFileCheck(of: try manifest(["digest": .string("sha256:\(others)")], tags))
        #expect(both.digest?.hex == others)
        for nonsense: JSONValue in ["sha256:ab", "x", 5, .null] {
            #expect(ImageFileCheck(of: try manifest(["sha1": "aa"], ["file_digest": nonsense])).digest == nil)
        }
    }

    static let unusable: [(file: JSONObject, tags: JSONObject, field: String?)] = [
        (["digest": "sha256:ab"], [:], "files.0.digest"), (["digest": "x"], [:], "files.0.digest"),
        (["digest": .string("md5:\(String(repeating: "a", count: 32))")], [:], "files.0.digest"),
        (["digest": .string(String(repeating: "a", count: 64))], [:], "files.0.digest"),
        (["digest": 5], [:], "files.0.digest"), (["digest": ""], [:], "files.0.digest"),
        ([:], ["file_digest": "x"], "tags.file_digest"), ([:], ["file_digest": 5], "tags.file_digest"),
        ([:], ["file_digest": .null], nil), (["digest": .null], [:], nil), ([:], [:], nil),
        (["digest": .string("SHA512:\(String(repeating: "A", count: 128))")], ["file_digest": "x"], nil),
        (["digest": .string("sha256:\(String(repeating: "a", count: 64))")], [:], nil),
        (
            ["digest": "md5:ab"], ["file_digest": .string("sha256:\(String(repeating: "a", count: 64))")],
            "files.0.digest"
        ),
    ]

    /// The tag counts, too, where what stands before it is none.
    @Test func anUnusableDigestTakesNothingFromTheTag() throws {
        let tag = "sha256:\(String(repeating: "a", count: 64))"
        #expect(try manifest(["digest": "md5:ab"], ["file_digest": .string(tag)]).fileDigest?.description == tag)
    }

    /// What is stated as a digest and is none is passed over by nobody.
    @Test(arguments: unusable)
    func whatIsNoDigestIsTold(file: JSONObject, tags: JSONObject, field: String?) throws {
        let manifest = try manifest(file, tags)
        #expect(manifest.unusableDigest?.field == field)
        guard let field else { return try ManifestValidation.checkDigest(manifest) }
        #expect(throws: Failure.self) { try ManifestValidation.checkDigest(manifest) }
        #expect(manifest.unusableDigest?.value == (file["digest"] ?? tags["file_digest"])?.text(), "\(field)")
    }

    private func manifest(_ file: JSONObject, _ tags: JSONObject = [:]) throws -> Manifest {
        let json: JSONObject = [
            "v": 2, "uuid": .string("\(ImageUUID.zero)"), "files": [.object(file)], "tags": .object(tags),
        ]
        return try Manifest(json)
    }
}
