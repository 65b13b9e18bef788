import Failure
import Testing
import Time

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
        let wait = RetryAfter.read(HTTPHeaderList([("Retry-After", text)]), now: Timestamp(milliseconds: 100_000))
        #expect(wait == seconds.map { .seconds($0) })
    }

    @Test func whichStatusesPass() {
        #expect((100...599).filter(Transport.isPassing) == [408, 429, 500, 502, 503, 504])
    }

    static let redirects: [(from: String, status: Int, location: String, to: String?)] = [
        ("https://a/x/y?q", 302, "/z", "https://a/z"), ("https://a/x/y?q", 307, "z", "https://a/x/z"),
        ("http://a/x", 301, "https://b/", "https://b/"), ("http://a/x", 308, "//b/c", "http://b/c"),
        ("https://a/x/y?q#f", 302, "?r", "https://a/x/y?r"), ("https://a", 302, "z", "https://a/z"),
        ("https://a/x?u=/v/w", 302, "z", "https://a/z"), ("https://a/x/y/z", 302, "../b/./c", "https://a/x/b/c"),
        ("https://a/x", 302, "/p?next=https://b/c", "https://a/p?next=https://b/c"),
        ("https://a/x", 302, "p?next=https://b/c", "https://a/p?next=https://b/c"),
        ("https://a/x", 302, "?next=https://b/c", "https://a/x?next=https://b/c"),
        ("https://a/x", 302, " /a b|c{d}\u{fc}%zz%20 ", "https://a/a%20b%7Cc%7Bd%7D%C3%BC%25zz%20"),
        ("https://a/x", 302, "/p#f", "https://a/p"), ("https://a/x", 302, "/a/../../b", "https://a/b"),
        (
            "https://a/x", 302, "/" + String(repeating: "s", count: 5000),
            "https://a/" + String(repeating: "s", count: 5000)
        ),
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
        let isSame = try ServerURL(to, longest: NetworkLimits.namedURL).origin == ServerURL(from).origin
        #expect(next.headers.map(\.name) == (isSame ? ["Authorization", "Cookie", "Accept"] : ["Accept"]))
    }

    @Test(arguments: ["http://b/", "file:///etc/passwd", "http://", "gopher://x", "https://u:p@b/"])
    func whereNothingFollows(location: String) {
        let response = HTTPResponse(
            status: 302, headers: HTTPHeaderList([("Location", location)]), body: FakeSender.nothing)
        let failure = #expect(throws: ConnectionError.self) {
            _ = try Redirect.next(after: response, to: HTTPRequest(url: "https://a/"))
        }
        #expect(failure?.code == .connectionError)
    }

    @Test(
        arguments: [
            ("http://a.example", "http://p:1"), ("https://a.example", "http://q:2"), ("http://b.example", nil),
            ("http://x.b.example", nil),
            ("http://nob.example", "http://p:1"), ("http://c.example:80", "http://p:1"), ("http://c.example:8080", nil),
            ("http://d.example", nil), ("http://127.0.0.1:8080", nil), ("http://localhost", nil),
            ("https://[::1]:1", nil),
        ] as [(String, String?)])
    func proxies(url: String, proxy: String?) throws {
        let settings = ProxySettings(environment: [
            "http_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2", "HTTP_PROXY": "http://upper:3",
            "no_proxy": "b.example, c.example:8080,.d.example",
        ])
        #expect(settings.proxy(for: try ServerURL(url)) == proxy)
    }

    /// What is asked of a proxy on this machine stays here.
    @Test(arguments: ["http://127.0.0.1:3128", "localhost:1"]) func aProxyOfThisMachineIsAskedForItself(proxy: String)
        throws
    {
        let settings = ProxySettings(environment: ["http_proxy": proxy])
        #expect(settings.proxy(for: try ServerURL("http://127.0.0.1:8080")) == proxy)
    }

    /// What changes something is asked of the server that was named, and of no other.
    @Test(
        arguments: [
            ("DELETE", 307, "https://a/y", "https://a/y"), ("DELETE", 307, "https://b/y", nil),
            ("POST", 301, "https://10.0.0.5/y", nil), ("POST", 308, "/y", "https://a/y"), ("DELETE", 303, "/y", nil),
            ("PUT", 302, "https://a:444/y", nil), ("HEAD", 302, "https://b/y", "https://b/y"),
            ("GET", 303, "https://b/y", "https://b/y"),
        ] as [(String, Int, String, String?)])
    func noChangeIsSentOn(method: String, status: Int, location: String, to: String?) throws {
        let response = HTTPResponse(
            status: status, headers: HTTPHeaderList([("Location", location)]), body: FakeSender.nothing)
        #expect(try Redirect.next(after: response, to: HTTPRequest(method, url: "https://a/x"))?.url == to)
    }

    static let exceptions: [(entries: String, url: String, isExempt: Bool)] = [
        ("127.0.0.0/8", "http://127.0.0.1:5000", true), ("10.0.0.0/8", "http://11.0.0.1", false),
        ("10.1.2.0/23", "http://10.1.3.255", true), ("10.1.2.0/23", "http://10.1.4.0", false),
        ("10.0.0.0/8", "http://10.example.com", false), ("10.0.0.0/33", "http://10.0.0.1", false),
        ("0.0.0.0/0", "https://192.0.2.1", true), ("fd00::/8", "http://[fd12::1]:80", true),
        ("[fd00::]/8", "http://[fd12::1]", true), ("fd00::/8", "http://[fe80::1]", false),
        ("::1", "http://[::1]:8080", true), ("[::1]", "http://[::1]", true), ("[::1]:8080", "http://[::1]:8080", true),
        ("[2001:db8::1]:8080", "http://[2001:db8::1]:8081", false), ("0:0:0:0:0:0:0:1", "http://[::1]", true),
        ("fe80::1%eth0", "http://[fe80::1]", true), ("::ffff:192.0.2.1", "http://192.0.2.1", true),
        ("192.0.2.1", "http://192.0.2.1:99", true), ("192.0.2.1:98", "http://192.0.2.1:99", false),
        ("2.1", "http://192.0.2.1", false), ("EXAMPLE.com", "http://a.Example.COM", true),
        (" b.example\t,c.example", "http://c.example", true), ("example.com.", "http://example.com", true),
        ("example.com", "http://example.com.", true), ("*", "https://anything", true),
        ("*.example.com", "http://a.example.com", true), ("ample.com", "http://example.com", false),
        (".", "http://example.com", false), (",,", "http://example.com", false), ("/8", "http://10.0.0.1", false),
    ]

    @Test(arguments: exceptions)
    func whatNeedsNoProxy(entries: String, url: String, isExempt: Bool) throws {
        let settings = ProxySettings(environment: [
            "http_proxy": "http://p:1", "https_proxy": "http://p:1", "no_proxy": entries,
        ])
        #expect((settings.proxy(for: try ServerURL(url)) == nil) == isExempt)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("169.254.169.254", true), ("10.1.1.1", true), ("172.31.0.1", true), ("172.32.0.1", false),
        ("192.168.1.1", true), ("100.64.0.1", true), ("0.0.0.0", true), ("8.8.8.8", false), ("[::1]", true),
        ("[fe80::1]", true), ("[fd00::1]", true), ("[::ffff:127.0.0.1]", true), ("[2001:4860::1]", false),
        ("[::ffff:8.8.8.8]", false),
    ])
    func whichAddressesAreInside(text: String, isInside: Bool) throws {
        #expect(try #require(IPAddress(text)).isInside == isInside)
    }

    /// A name may lead to several addresses: that the server has one outside as well does not matter, unless it answered from there.
    @Test func whoAnsweredFromInsideMayNameWhatIsInside() async throws {
        let naming = try ServerURL("http://registry.invalid")
        let target = try ServerURL("http://10.1.2.4/blobs")
        func isAllowed(_ connections: [Bool]) async -> Bool {
            let reached = ReachedHosts()
            for isInside in connections { reached.note("registry.invalid", isInside: isInside) }
            do {
                return try await !AddressReach.check(target, namedBy: naming, reached: reached) { _ in false }
            } catch {
                return false
            }
        }
        let (unknown, inside) = (await isAllowed([]), await isAllowed([true, true]))
        let both = [await isAllowed([true, false]), await isAllowed([false, true])]
        #expect(!unknown && inside && both == [false, false])
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
        #expect(ErrorBody.excerpt([0x1f, 0x8b, 8, 0, 0, 0]) == "what came is no text")
        #expect(ErrorBody.excerpt(Array(String(repeating: "x", count: 5000).utf8)).count == 201)
    }
}
