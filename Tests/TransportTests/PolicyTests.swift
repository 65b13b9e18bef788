import Failure
import Testing

@testable import Transport

@Suite struct PolicyTests {
    @Test(
        arguments: [
            ("0", 0), ("120", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_677),
            ("Thu, 01 Jan 1970 00:02:40 GMT", 60), ("-1", nil),
            ("soon", nil), ("1.5", nil), ("99999999999999999999", nil), ("Sun, 06 Nov 1994 08:49:37", nil),
            ("Sun, 31 Foo 1994 08:49:37 GMT", nil), ("", nil),
        ] as [(String, Int?)])
    func retryAfter(text: String, seconds: Int?) {
        let wait = RetryAfter.read(HTTPHeaderList([("Retry-After", text)]), nowSeconds: 100)
        #expect(wait == seconds.map { .seconds($0) })
    }

    @Test func pausesGrowUpToTenSeconds() {
        let policy = RetryPolicy()
        for attempt in 1...40 {
            let pause = policy.pause(after: attempt, retryAfter: nil)
            let base = min(10.0, 0.1 * Double(1 << min(attempt, 10)))
            #expect(pause >= .milliseconds(Int(base * 740)) && pause <= .milliseconds(Int(base * 1260)))
        }
        #expect(policy.pause(after: 3, retryAfter: .seconds(7)) == .seconds(7))
    }

    @Test func whichStatusesPass() {
        #expect((100...599).filter(RetryPolicy.isPassing) == [408, 429, 500, 502, 503, 504])
    }

    static let redirects: [(from: String, status: Int, location: String, to: String?)] = [
        ("https://a/x/y?q", 302, "/z", "https://a/z"), ("https://a/x/y?q", 307, "z", "https://a/x/z"),
        ("http://a/x", 301, "https://b/", "https://b/"), ("http://a/x", 308, "//b/c", "http://b/c"),
        ("http://a/x", 200, "/z", nil), ("http://a/x", 304, "/z", nil), ("http://a/x", 300, "/z", nil),
    ]

    @Test(arguments: redirects)
    func redirectsLeadOn(from: String, status: Int, location: String, to: String?) throws {
        let response = HTTPResponse(
            status: status, headers: HTTPHeaderList([("Location", location)]), body: FakeSender.nothing)
        let request = HTTPRequest(url: from, headers: [("Authorization", "x"), ("Cookie", "y"), ("Accept", "z")])
        let next = try Redirect.next(after: response, to: request)
        #expect(next?.url == to)
        guard let next, let to else { return }
        let isSame = try ServerURL(to).origin == ServerURL(from).origin
        #expect(next.headers.map(\.name) == (isSame ? ["Authorization", "Cookie", "Accept"] : ["Accept"]))
    }

    @Test(arguments: ["http://b/", "file:///etc/passwd", "http://", "gopher://x", "https://u:p@b/"])
    func whereNothingFollows(location: String) {
        let response = HTTPResponse(
            status: 302, headers: HTTPHeaderList([("Location", location)]), body: FakeSender.nothing)
        let failure = #expect(throws: Failure.self) {
            _ = try Redirect.next(after: response, to: HTTPRequest(url: "https://a/"))
        }
        #expect(failure?.code == .connectionError)
    }

    @Test(
        arguments: [
            ("http://a.example", "http://p:1"), ("https://a.example", "http://q:2"), ("http://b.example", nil),
            ("http://x.b.example", nil),
            ("http://nob.example", "http://p:1"), ("http://c.example:80", "http://p:1"), ("http://c.example:8080", nil),
            ("http://d.example", nil),
        ] as [(String, String?)])
    func proxies(url: String, proxy: String?) throws {
        let settings = ProxySettings(environment: [
            "http_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2", "HTTP_PROXY": "http://upper:3",
            "no_proxy": "b.example, c.example:8080,.d.example",
        ])
        #expect(settings.proxy(for: try ServerURL(url)) == proxy)
    }

    @Test func weakTagsAreNoConditions() {
        #expect(Validator(HTTPHeaderList([("ETag", "W/\"x\""), ("Last-Modified", "then")]))?.condition == "then")
        #expect(Validator(HTTPHeaderList([("ETag", "\"x\""), ("Last-Modified", "then")]))?.condition == "\"x\"")
        #expect(Validator(HTTPHeaderList([("ETag", "bare")]))?.condition == "bare")
        #expect(Validator(HTTPHeaderList([])) == nil)
    }

    @Test func errorBodiesAreMadeSafe() {
        #expect(ErrorBody.excerpt(Array("a\u{1b}[31m\n\tb".utf8)) == "a [31m b")
        let page = "\n<!DOCTYPE html><html>\n<head><TITLE id=x>502 Bad\nGateway</TITLE></head><body><h1>No</h1>"
        #expect(ErrorBody.excerpt(Array(page.utf8)) == "502 Bad Gateway")
        #expect(ErrorBody.excerpt(Array("<html><h1>No</h1>".utf8)) == "<html><h1>No</h1>")
        #expect(ErrorBody.excerpt(Array("no <title>x".utf8)) == "no <title>x")
        #expect(ErrorBody.excerpt(Array(String(repeating: "x", count: 5000).utf8)).count == 201)
    }
}
