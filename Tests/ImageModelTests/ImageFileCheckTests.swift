import ImageModel
import JSON
import Testing

/// What a file must turn out to be, by its manifest.
@Suite struct ImageFileCheckTests {
    /// Hexadecimal digits have no case.
    @Test func capitalDigitsHoldToo() throws {
        let digits = String(repeating: "AB", count: 32)
        let file = try #require(
            ImageFile(["sha1": .string("AA"), "digest": .string("sha256:\(digits)")]))
        let check = ImageFileCheck(file)
        #expect(check.digest?.description == "sha256:\(digits.lowercased())" && check.sha1 == "aa")
    }
}
