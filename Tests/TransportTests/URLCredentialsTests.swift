import Failure
import Testing
import Transport

/// Users and passwords in URLs, which are shown to nobody.
@Suite struct URLCredentialsTests {
    static let table: [(text: String, shown: String)] = [
        ("http://u:s3cret@h", "http://***@h"), ("https://s3cret@h:8/x?a=b", "https://***@h:8/x?a=b"),
        ("u:s3cret@h", "***@h"), ("HTTP://u:p@s3cret@h/x", "HTTP://***@h/x"), ("oci://u:s3cret@h/a", "oci://***@h/a"),
        // Passwords that end the host for who reads a URL by the rules.
        ("http://u:s3c/ret@h/x", "http://***@h/x"), ("http://u:s3c?ret@h", "http://***@h"),
        ("http://u:s3c#ret@h", "http://***@h"), ("http://u:s3c/r@et@h", "http://***@h"),
        ("http://u:s3 cret@h", "http://***@h"), ("http://u:99999/s3cret@h", "http://***@h"),
        // What has none.
        ("http://h/a@b", "http://h/a@b"), ("http://h:80/a@b", "http://h:80/a@b"), ("http://h?a=b@c", "http://h?a=b@c"),
        ("http://[::1]:5/a@b", "http://[::1]:5/a@b"), ("http://h", "http://h"), ("", ""), ("@", "***@"),
    ]

    @Test(arguments: table) func areHidden(text: String, shown: String) {
        #expect(URLCredentials.hidden(in: text) == shown)
    }

    @Test(arguments: table) func noURLHasAny(text: String, shown: String) {
        for text in [text, text + String(repeating: "x", count: 5000)] {
            do {
                #expect(!(try ServerURL(text).description.contains("s3c")))
            } catch {
                #expect(!error.description.contains("s3c") && !error.description.contains("cret"), "\(error)")
            }
        }
    }

    @Test(arguments: [
        "http://u:s3cret@h", "-Shttp://u:s3cret@h", "--from=https://u:s3cret@h/x", "-ahttp://u:s3c/ret@h",
    ])
    func aWordThatHasThemIsRefused(word: String) {
        let failure = #expect(throws: Failure.self) { try URLCredentials.refuse(in: ["a", word]) }
        #expect(
            failure?.code == .usage && failure?.description.contains("s3c") == false, "\(String(describing: failure))")
        #expect(failure?.description.contains("://***@h") == true)
    }

    static let words: [(said: String, shown: String)] = [
        (
            "cannot reach http://u:s3cret@h/x, says \"https://u:s3c/ret@h\"",
            "cannot reach http://***@h/x, says \"https://***@h\""
        ),
        ("http://h/a@b by a@b", "http://h/a@b by a@b"), ("u@h and http://h", "u@h and http://h"), ("", ""),
    ]

    /// A server may say by which URL, and by whose password, it has tried what it could not do.
    @Test(arguments: words) func areHiddenInWhatIsSaid(said: String, shown: String) {
        #expect(URLCredentials.hidden(inWords: said) == shown)
        #expect(ErrorBody.excerpt(Array(said.utf8)) == shown)
    }

    @Test(arguments: [
        ("u:s3cret@h/a", "***@h/a"), ("docker:u:s3c@ret@h:1/a", "***@h:1/a"), ("u:s3cret@", "***@"),
        ("debian:12@sha256:0123", "debian:12@sha256:0123"), ("h:5000/a:1@sha512:0", "h:5000/a:1@sha512:0"),
        ("name@1.0", "name@1.0"), ("h:5000/a@b", "h:5000/a@b"),
    ])
    func areHiddenInReferences(text: String, shown: String) {
        #expect(URLCredentials.hidden(inReference: text) == shown)
    }

    static let typed: [(word: String, said: String, shown: String)] = [
        ("u:s3cret@h", "what is u:s3cret@h, and s3cret?", "what is u:***@h, and s3cret?"),
        ("-Su:s3cret@h", "not \"u:s3cret@h\"", "not \"u:***@h\""), ("--from=u:s3cret@h/x", "u:s3cret@h/x", "u:***@h/x"),
        ("docker:u:s3:cr@et@h", "u:s3:cr@et@h", "u:***@h"), ("oci:u:s3cret@h", "oci:u:s3cret@h", "oci:u:***@h"),
        ("homepage=http://u:s3cret@h", "\"http://u:s3cret@h\"", "\"http://u:***@h\""),
        // What has none.
        ("debian:12@sha256:0123", "debian:12@sha256:0123", "debian:12@sha256:0123"), ("a@b", "a@b", "a@b"),
        ("./a:b@c", "./a:b@c", "./a:b@c"), ("h:5000/a@b", "x:5000/a@b", "x:***@b"), ("u:@h", "u:@h", "u:@h"),
    ]

    @Test(arguments: typed) func whatWasTypedIsNotRepeated(word: String, said: String, shown: String) {
        #expect(TypedCredentials(["-v", word]).hidden(in: said) == shown)
    }

    @Test(arguments: [
        "debian:12@sha256:0123", "name@1.0", "http://h/a@b", "homepage=http://u:p@h", "u:p@h", "-o", "--", "a@b://c",
    ])
    func otherWordsStand(word: String) throws {
        try URLCredentials.refuse(in: [word])
    }
}
