import Testing
import Transport

/// What was shown to a server, in what it says back.
@Suite struct ShownSecretsTests {
    private static let token = "Tok3n+Of/Alice~9f86d081884c7d65"
    private static let request = {
        var request = HTTPRequest(
            url: "https://server.example/x", headers: [("Authorization", "Bearer \(token)")])
        request.secrets = ["pass word\u{e9}!"]
        return request
    }()
    private static let secrets = ShownSecrets(of: request)

    private static func percent(_ text: String, upper: Bool = true) -> String {
        text.utf8.map { "%" + (upper ? String($0, radix: 16).uppercased() : String($0, radix: 16)) }.joined()
    }

    static let rows: [(name: String, said: String, shown: String)] = [
        ("plain", "you sent \(token), no", "you sent ***, no"),
        ("twice", "\(token)\(token)", "***"),
        ("before a combining accent", "a \(token)\u{301} b", "a *** b"),
        ("behind a joiner", "a \u{200d}\(token)\u{200d} b", "a *** b"),
        ("in lower case", "a \(token.lowercased()) b", "a *** b"),
        ("in upper case", "a \(token.uppercased()) b", "a *** b"),
        ("in percent signs", "a \(percent(token)) b", "a *** b"),
        ("in small percent signs", "a \(percent(token, upper: false)) b", "a *** b"),
        ("in percent signs of percent signs", "a \(percent(percent(token))) b", "a *** b"),
        ("partly in percent signs", "a Tok3n%2BOf%2fAlice~9f86d081884c7d65 b", "a *** b"),
        ("with control characters", "a \(token.map(String.init).joined(separator: "\u{0}\u{1b}")) b", "a *** b"),
        ("with line ends", "a \(token.map(String.init).joined(separator: "\r\n")) b", "a *** b"),
        ("with joiners", "a \(token.map(String.init).joined(separator: "\u{200b}")) b", "a *** b"),
        ("with controls in percent signs", "a \(token.map(String.init).joined(separator: "%00")) b", "a *** b"),
        ("with accents", "a \(token.map { "\($0)\u{301}" }.joined()) b", "a *** b"),
        ("a password", "a pass word\u{e9}! b", "a *** b"),
        ("with an escaped slash", "a \(token.replacing("/", with: "\\/")) b", "a *** b"),
        ("in a form", "a \(token.replacing("+", with: " ")) b", "a *** b"),
        ("in HTML", "a Tok3n&#43;Of&#x2F;Alice~9f86d081884c7d65 b", "a *** b"),
        ("in HTML throughout", "a \(token.utf8.map { "&#0\($0);" }.joined()) b", "a *** b"),
        ("in hexadecimal digits", "a \(token.utf8.map { String($0, radix: 16).uppercased() }.joined()) b", "a *** b"),
        ("HTML that is none of it", "&#; &#x; &#+5; &#300; &#xzz; &amp; a;", "&#; &#x; &#+5; &#300; &#xzz; &amp; a;"),
        ("nothing of it", "status 50%: Tok3n of Alice", "status 50%: Tok3n of Alice"),
        ("percent signs that are none", "100% %zz %4", "100% %zz %4"),
        ("empty", "", ""),
    ]

    @Test(arguments: rows)
    func whatWasShownIsNotSaid(row: (name: String, said: String, shown: String)) {
        let hidden = Self.secrets.hidden(in: row.said)
        // A mark that a letter had may be left over.
        #expect(
            hidden.unicodeScalars.filter { $0 != "\u{301}" && $0 != "\u{200d}" }.map(Character.init) == Array(row.shown)
        )
        let excerpt = ErrorBody.excerpt(Array(row.said.utf8), hiding: Self.secrets)
        #expect(!excerpt.lowercased().contains("alice") || row.name == "nothing of it", "\(row.name): \(excerpt)")
    }

    /// In base64, wherever it begins in what was encoded, alone and as a password.
    @Test(arguments: ["", "a", "ab", "abc", "user:", "någon:"], [true, false])
    func inBase64(before: String, isForURLs: Bool) {
        var text = Self.base64(Array((before + Self.token).utf8))
        if isForURLs { text = text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") }
        let hidden = Self.secrets.hidden(in: "got \(text).")
        #expect(hidden.hasPrefix("got ") && hidden.contains("***") && hidden.utf8.count <= 4 + 12 + 3 + 4, "\(hidden)")
    }

    /// Nothing of it is shown where the text is cut.
    @Test(arguments: [4060, 4070, 4080, 4090, 4095, 65500, 65530])
    func atTheCut(place: Int) {
        let page = "<html>" + String(repeating: " ", count: place - 20) + "<title>x \(Self.token) y</title>"
        let text = ErrorBody.excerpt(Array(page.utf8), hiding: Self.secrets)
        #expect(!text.contains("Tok"), "\(text)")
        let cut = ErrorBody.excerpt(Array("not \(Self.token.prefix(20))".utf8), hiding: Self.secrets, isCut: true)
        #expect(cut == "not ***")
        #expect(ErrorBody.excerpt(Array("not".utf8), hiding: Self.secrets) == "not")
    }

    /// A server's text costs no more than its length: once more for each byte of the secret, it would be forty thousand million steps.
    @Test func lotsOfAlmost() {
        var request = HTTPRequest(url: "https://server.example/x")
        request.secrets = [String(repeating: "a", count: 200_000) + "b"]
        let secrets = ShownSecrets(of: request)
        let text = String(repeating: "a", count: 400_000)
        let time = ContinuousClock().measure {
            #expect(secrets.hidden(in: text) == text)
            #expect(secrets.hidden(in: String(repeating: "%25", count: 20_000)).utf8.count == 60_000)
        }
        #expect(time < .seconds(120), "\(time)")
    }

    /// Data is not broken by words as short as those of names.
    @Test func inDataNoShortWordIsHidden() {
        func hide(_ token: String) -> (@Sendable (String) -> String)? {
            let request = HTTPRequest(url: "https://a/x", headers: [("Authorization", "Bearer \(token)")])
            return HTTPReply(status: 200, headers: HTTPHeaderList([]), body: [], secrets: ShownSecrets(of: request))
                .hiding
        }
        #expect(hide("web")?("web-1 web") ?? "web-1 web" == "web-1 web")
        #expect(hide("secret")?("my Secret, web") == "my ***, web")
        #expect(HTTPReply(status: 200, headers: HTTPHeaderList([]), body: []).hiding == nil)
    }

    @Test func aSignatureIsNoSecret() {
        let request = HTTPRequest(
            url: "https://server.example/x", headers: [("Authorization", "Signature keyId=\"a\"")])
        #expect(ShownSecrets(of: request).hidden(in: "keyId=\"a\"") == "keyId=\"a\"")
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let bits = bytes.flatMap { byte in (0..<8).map { Int(byte >> (7 - $0) & 1) } }
        let digits = stride(from: 0, to: bits.count, by: 6).map { start in
            alphabet[(start..<start + 6).reduce(0) { $0 << 1 | ($1 < bits.count ? bits[$1] : 0) }]
        }
        return String(digits) + String(repeating: "=", count: (4 - digits.count % 4) % 4)
    }
}
