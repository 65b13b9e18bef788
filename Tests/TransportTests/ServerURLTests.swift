import Failure
import Testing
import Transport

@Suite struct ServerURLTests {
    static let table: [(text: String, base: String, port: Int)] = [
        ("https://images.example.com", "https://images.example.com", 443),
        ("images.example.com", "http://images.example.com", 80),
        ("HTTPS://Images.Example.COM:443/", "https://images.example.com", 443), ("http://x:80//", "http://x", 80),
        ("http://x:8080/a/b/", "http://x:8080/a/b", 8080), ("http://[::1]:5/", "http://[::1]:5", 5),
        ("http://x:", "http://x", 80),
        ("http://x/a#b", "http://x/a", 80),
    ]

    @Test(arguments: table)
    func oneForm(text: String, base: String, port: Int) throws {
        let url = try ServerURL(text)
        #expect(url.base == base && url.port == port)
        #expect(try ServerURL(url.description) == url)
    }

    @Test(arguments: [
        "", " ", "http://", "ftp://x", "https:/x", "HTTP:/x/y", "http://x:0", "http://x:65536", "http://x:a",
        "http://x:+5", "http://user@x",
        "http://a b", "http://a\n", "http://[::1", "http://ü", "http://x$y", "http://-o;rm", "x\u{0}", "http:///path",
        "http://" + String(repeating: "x", count: 3000),
    ])
    func whatIsNoneIsRefused(text: String) {
        if text == "http://-o;rm" || text == "http://x$y" {
            #expect(throws: Failure.self) { _ = try ServerURL(text) }
            return
        }
        let failure = #expect(throws: Failure.self) { _ = try ServerURL(text) }
        #expect(failure?.code == .invalidSource)
    }

    @Test(arguments: [
        ("http://localhost", true), ("http://127.0.0.1:5", true), ("http://127.1.2.3", true), ("http://[::1]", true),
        ("http://127.evil.example", false), ("http://127.0.0.1.evil.example", false), ("http://127.0.0.256", false),
        ("http://localhost.evil.example", false), ("http://10.0.0.1", false),
    ])
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try ServerURL(text).isLoopback == isLoopback)
    }

    @Test func aParameterThatIsThereTwiceIsRefused() throws {
        #expect(try ServerURL("http://x/?channel=dev&a=b&a=c").value(of: "channel") == "dev")
        #expect(try ServerURL("http://x/?b=c").value(of: "channel") == nil)
        for query in ["channel=a&channel=b", "channel=a&channel=a", "channel&x&channel=a"] {
            let url = try ServerURL("http://x/?\(query)")
            let failure = #expect(throws: Failure.self) { _ = try url.value(of: "channel") }
            #expect(failure?.code == .invalidSource && failure?.message.contains("channel=") == true)
        }
    }

    @Test func querySurvives() throws {
        let url = try ServerURL("http://x/?channel=dev&a")
        #expect(url.query.map(\.name) == ["channel", "a"] && url.query.first?.value == "dev")
        #expect(URLEncoding.component("a b+c/ü~") == "a%20b%2Bc%2F%C3%BC~")
    }
}
