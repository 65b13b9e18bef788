import Failure
import ImageModel
import Testing

@Suite struct ContentDigestTests {
    @Test func knownValues() {
        #expect(
            ContentDigest(.sha256, of: []).description
                == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(ContentDigest(.sha512, of: Array("abc".utf8)).hex.hasPrefix("ddaf35a193617abacc417349ae204131"))
        #expect(ContentDigest(.sha256, of: []).short == "e3b0c44298fc")
    }

    @Test(arguments: [
        "", "sha256", "sha256:", "sha256:ABCD", "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha256:E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
        "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85/",
    ])
    func refusesWhatIsNone(text: String) { #expect(ContentDigest(text) == nil) }

    @Test func chunksMakeNoDifference() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var hasher = DigestHasher(.sha512)
        for start in stride(from: 0, to: bytes.count, by: 37) {
            let piece = Array(bytes[start..<min(start + 37, bytes.count)])
            unsafe hasher.update(piece.span.bytes)
        }
        #expect(hasher.finish() == ContentDigest(.sha512, of: bytes))
    }
}

@Suite struct OCIPlatformTests {
    static let table: [(text: String, shown: String)] = [
        ("linux/amd64", "linux/amd64"), ("Linux/x86_64", "linux/amd64"), ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"), ("linux/arm/v7", "linux/arm/v7"), ("linux/armhf", "linux/arm/v7"),
        ("windows/amd64", "windows/amd64"), ("linux/i386", "linux/386"),
    ]

    @Test(arguments: table)
    func namesAreMadeOne(text: String, shown: String) throws {
        #expect(try OCIPlatform(text).description == shown)
    }

    @Test(arguments: ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux/am d64", "linux//v7", "linux/ümd"])
    func refusesWhatIsNone(text: String) {
        let failure = #expect(throws: Failure.self) { _ = try OCIPlatform(text) }
        #expect(failure?.code == .option)
    }

    @Test func aVariantCountsOnlyWhereItIsNamed() throws {
        let any = try OCIPlatform("linux/arm")
        let seven = try OCIPlatform("linux/arm/v7")
        #expect(any.accepts(seven) && seven.accepts(seven) && !seven.accepts(any))
        for other in ["linux/arm64", "windows/arm"] { #expect(try !any.accepts(OCIPlatform(other))) }
    }
}

@Suite struct LayerChainTests {
    @Test func theUUIDsAreThoseOfTheReference() {
        // sha256 of "DIGEST" and of "DIGEST DIGEST", worked out by sha256sum.
        let digest = ContentDigest(.sha256, of: [])
        #expect(
            LayerChain.uuids([digest, digest]).map(\.description) == [
                "0364e78b-e895-cef9-249b-83b20cdb6362", "de9d9016-b852-e46e-9f39-73e20d3a6d17",
            ])
        #expect(LayerChain.uuids([]).isEmpty)
    }
}

@Suite struct Base64Tests {
    static let table: [(text: String, bytes: String)] = [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
        ("Zm9vYmFy", "foobar"),
    ]

    @Test(arguments: table)
    func theExamplesOfTheStandard(text: String, bytes: String) {
        #expect(Base64.text(Array(bytes.utf8)) == text)
        #expect(Base64.bytes(text) == Array(bytes.utf8))
        #expect(Base64.bytes(String(text.prefix { $0 != "=" })) == Array(bytes.utf8))
        #expect(Base64.bytes(text + "\n") == Array(bytes.utf8))
    }

    @Test func bothAlphabetsAreRead() {
        #expect(Base64.bytes("-_-_") == Base64.bytes("+/+/"))
        #expect(Base64.bytes("-_-_") == [0xfb, 0xff, 0xbf])
    }

    @Test(arguments: ["Z", "Zm9vY", "====", "Z===", "Zm9v!", "Zm 9v", "Zg=a", "ü"])
    func refusesWhatIsNone(text: String) { #expect(Base64.bytes(text) == nil) }
}
