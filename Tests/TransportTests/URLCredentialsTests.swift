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

    @Test(arguments: [
        "debian:12@sha256:0123", "name@1.0", "http://h/a@b", "homepage=http://u:p@h", "u:p@h", "-o", "--", "a@b://c",
    ])
    func otherWordsStand(word: String) throws {
        try URLCredentials.refuse(in: [word])
    }
}
