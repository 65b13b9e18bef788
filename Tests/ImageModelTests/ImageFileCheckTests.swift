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

    private func manifest(_ file: JSONObject, _ tags: JSONObject = [:]) throws -> Manifest {
        let json: JSONObject = [
            "v": 2, "uuid": .string("\(ImageUUID.zero)"), "files": [.object(file)], "tags": .object(tags),
        ]
        return try Manifest(json)
    }
}
