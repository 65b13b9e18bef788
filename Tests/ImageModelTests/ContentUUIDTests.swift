import ImageModel
import Testing

@Suite struct ContentUUIDTests {
    private static let one = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    private static let other = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    /// Made by another program: images that are installed are known by these.
    @Test(arguments: [
        (ContentUUID.Kind.disk, [one], "8b950f33-420f-8f38-a3da-533d9e176dd6"),
        (.root, [one], "e097bc2a-a685-8f1b-86c4-d70ca8ddb72d"),
        (.disk, [one, other], "25f16537-1a60-8c86-9b10-8935d7de17a7"),
        (.disk, [other, one], "1679ce8d-dd4e-80e5-a40a-351428c8c18f"),
    ])
    func followsFromTheFiles(kind: ContentUUID.Kind, files: [String], uuid: String) {
        let digests = files.compactMap { ContentDigest("sha256:\($0)") }
        #expect(ContentUUID.derive(kind, files: digests)?.description == uuid)
    }

    @Test func isUnknownWithoutEverySHA256() {
        let sha256 = ContentDigest(.sha256, of: [])
        #expect(ContentUUID.derive(.disk, files: []) == nil)
        #expect(ContentUUID.derive(.disk, files: [sha256, ContentDigest(.sha512, of: [])]) == nil)
    }
}
