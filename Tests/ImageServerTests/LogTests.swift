import Host
import ImageModel
import JSON
import SystemPackage
import TestHost
import Testing
import Transport

@testable import ImageServer

/// What is recorded of requests, and for whom they were made (imgapi-server.8, "LOG AND AUDIT TRAIL").
@Suite struct LogTests {
    @Test func requestsAreLogged() async throws {
        let root = try ImageRoot()
        let users = try await AccessTests.users(root)
        let image = ImageUUID()
        try root.add(image, zeros: 300_000)
        let script = """
            cd '\(root.path)'
            IMGADM_LOG_LEVEL=info '\(Binaries.server)' --root . --users '\(users)' --listen 127.0.0.1:0 > out 2> log & pid=$!
            for i in $(seq 1200); do grep -q listening out && break; sleep 0.05; done
            url=$(sed 's/.* //' out)
            curl -sf -o /dev/null -H 'Authorization: Bearer token-read' -H 'x-request-id: 7' "$url/images/\(image)/file"
            curl -s -o /dev/null -H 'Authorization: Bearer token-read' -H "X-Forwarded-For: 192.0.2.1" "$url/images?name=%1b%0a%c3%a9"
            curl -s -o /dev/null --limit-rate 1k --max-time 1 "$url/images/\(image)/file" || true
            curl -s -o /dev/null -I "$url/images/\(image)"
            kill -TERM $pid; wait $pid || true; cat log
            """
        let log = try await Tool.shell(script)
        let records = try log.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            .filter { $0["msg"]?.stringValue?.hasPrefix("request") == true }
        #expect(records.count == 4, "\(log)")
        let file = try #require(records.first { $0["request_id"] == "7" })
        // By the protocol nobody looks at who fetches a file of a public server.
        #expect(file["bytes"] == 300_000 && file["status"] == 200 && file["method"] == "GET", "\(file.text())")
        #expect(file["address"] == "127.0.0.1" && file["ms"]?.intValue != nil)
        let list = try #require(records.first { $0["user"] == "read" })
        #expect(list["url"]?.stringValue?.hasPrefix("/images?name=%1b%0a") == true && list["forwarded_for"] == nil)
        #expect(records.contains { $0["method"] == "HEAD" && $0["bytes"] == 0 }, "\(log)")
    }

    /// A password that somebody has put into the URL of a source stands nowhere; of two channels none is chosen.
    @Test func noPasswordOfASourceIsRecorded() async throws {
        let root = try ImageRoot()
        let users = try await AccessTests.users(root)
        let script = """
            cd '\(root.path)'
            IMGADM_LOG_LEVEL=trace '\(Binaries.server)' --root . --users '\(users)' --audit audit --listen 127.0.0.1:0 > out 2> log & pid=$!
            for i in $(seq 1200); do grep -q listening out && break; sleep 0.05; done
            url="$(sed 's/.* //' out)/images/\(ImageUUID())"
            for source in http://u:s3cret@127.0.0.1:1 http%3A%2F%2Fu%3As3cret%40127.0.0.1%3A1 http://127.0.0.1:1?channel=a%26channel=b; do
                curl -s -H 'Authorization: Bearer token-admin' -X POST "$url?action=import&source=$source"; echo
            done
            for target in 'images/u:s3cret@h' 'images/u%3As3cret%40h?a=b@c' 'x/u:s3c/ret@h/y' 'images/http://u:s3cret@h' 'images?owner=u:s3cret@h' 'images?so%75rce=http%3A//u:s3c/ret%40h' \
                'images?http://u:s3cret@h' 'images?name=http://s3cret@h&version=a@b'; do
                curl -s "${url%/images/*}/$target" > /dev/null
            done
            kill -TERM $pid; wait $pid || true; cat log audit
            """
        let text = try await Tool.shell(script)
        #expect(!text.contains("s3cret") && !text.contains("s3c/ret"), "\(text)")
        #expect(text.contains("&version=a@b") && text.contains("?a=b@c"), "\(text)")
        #expect(text.contains("it has channel= more than once"), "\(text)")
        let records = try text.split(separator: "\n").filter { $0.hasPrefix("{\"") }.map {
            try JSONValue(parsing: String($0))
        }
        #expect(records.filter { $0["source"] == "http://***@127.0.0.1:1" }.count == 2, "\(text)")
        let urls = records.compactMap { $0["msg"] == "request" ? $0["url"]?.stringValue : nil }
        #expect(urls.filter { $0.hasSuffix("source=http%3A%2F%2F%2A%2A%2A%40127.0.0.1%3A1") }.count == 2, "\(text)")
    }

    /// What a proxy that is trusted says stands in log and audit trail; what anybody else says nowhere.
    @Test(arguments: [("127.0.0.1", true), ("10.0.0.0/8,127.0.0.0/8", true), ("10.0.0.1,::1", false)])
    func whomAProxyNamesIsRecorded(proxies: String, isTrusted: Bool) async throws {
        let root = try ImageRoot()
        let users = try await AccessTests.users(root)
        let script = """
            cd '\(root.path)'
            IMGADM_LOG_LEVEL=info '\(Binaries.server)' --root . --users '\(users)' --audit audit --proxies '\(proxies)' \
                --listen 127.0.0.1:0 > out 2> log & pid=$!
            for i in $(seq 1200); do grep -q listening out && break; sleep 0.05; done
            url=$(sed 's/.* //' out)
            curl -s -o /dev/null -H 'Authorization: Bearer token-own' -H 'X-Forwarded-For: 192.0.2.66, 2001:db8::7' -X DELETE \
                "$url/images/\(ImageUUID())"
            kill -TERM $pid; wait $pid || true; cat log audit
            """
        let records = try await Tool.shell(script).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            .filter { $0["msg"] == "request" || $0["action"] != nil }
        #expect(records.count == 2)
        for record in records {
            #expect(record["address"] == "127.0.0.1" && record["status"] == 404, "\(record.text())")
            #expect(record["forwarded_for"] == (isTrusted ? "2001:db8::7" : nil), "\(record.text())")
        }
    }

    static let chains: [(peer: String, said: String?, client: String?)] = [
        ("127.0.0.1", nil, nil), ("127.0.0.1", "", nil), ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        // Whatever came with the request stands first.
        ("127.0.0.1", "198.51.100.9, 192.0.2.1", "192.0.2.1"), ("127.0.0.1", "192.0.2.1,10.1.2.3", "192.0.2.1"),
        ("10.1.2.3", "127.0.0.1 ,\t10.0.0.1", "127.0.0.1"), ("127.0.0.1", "192.0.2.1, unknown", nil),
        ("127.0.0.1", "unknown, 10.0.0.1", "10.0.0.1"), ("127.0.0.1", ",192.0.2.1", "192.0.2.1"),
        ("::ffff:127.0.0.1", "[2001:db8::1]", "2001:db8::1"), ("192.0.2.7", "192.0.2.1", nil),
        ("::1", "192.0.2.1", nil),
        // Some proxies write ports.
        ("127.0.0.1", "192.0.2.1:567", "192.0.2.1"), ("127.0.0.1", "[2001:db8::1]:567", "2001:db8::1"),
        ("127.0.0.1", "192.0.2.1:567, 10.1.2.3:80", "192.0.2.1"), ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("127.0.0.1", "192.0.2.1:", nil), ("127.0.0.1", "192.0.2.1:65536", nil), ("127.0.0.1", "192.0.2.1:+5", nil),
        ("127.0.0.1", "[2001:db8::1]:x", nil), ("127.0.0.1", "host:567", nil), ("127.0.0.1", ":567", nil),
        ("127.0.0.1", "2001:db8:0:0:0:0:0:1:567", nil),
        ("127.0.0.1", String(repeating: "10.0.0.1,", count: 4000) + "10.0.0.1", "10.0.0.1"),
    ]

    @Test(arguments: chains) func theLastThatIsNoProxyIsTheClient(peer: String, said: String?, client: String?) throws {
        let proxies = try #require(TrustedProxies("127.0.0.1,10.0.0.0/8"))
        #expect(proxies.client(behind: IPAddress(peer), forwarded: said)?.plainText == client)
        #expect(TrustedProxies().client(behind: IPAddress(peer), forwarded: said) == nil)
    }

    @Test(
        arguments: [
            "", " ", "localhost", "127.0.0.1,", "127.0.0.1 ::1", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8",
            "10.0.0.0/ 8",
            "10.0.0.0/-1", "1.2.3.4/x", "1.2.3.4/", "1.2.3.4:80", "::1%lo", "fe80::%lo/64", "[::1%lo]", "::/129",
        ])
    func whatIsNoListOfProxiesIsRefused(text: String) { #expect(TrustedProxies(text) == nil) }

    @Test(
        arguments: [
            "127.0.0.1, ::1", " ::1 ,\t127.0.0.1 ", "127.0.0.0/8,::1/128", "0.0.0.0/0,::/0", "[::1],127.0.0.1/32",
        ])
    func aListOfProxiesMayHaveBlanks(text: String) throws {
        let proxies = try #require(TrustedProxies(text))
        for peer in ["127.0.0.1", "::1"] {
            #expect(proxies.client(behind: IPAddress(peer), forwarded: "192.0.2.1")?.plainText == "192.0.2.1")
        }
    }

    /// So many at once, as many a second in the long run, each for itself; and a flood of addresses is one client.
    @Test func requestsAreCountedByClient() throws {
        let rate = RequestRate(perSecond: 2)
        let start = ContinuousClock.now
        func fits(_ address: String, after seconds: Double) -> Bool {
            do {
                try rate.admit(IPAddress(address), now: start + .seconds(seconds))
                return true
            } catch {
                return false
            }
        }
        #expect((0..<25).filter { _ in fits("192.0.2.1", after: 0) }.count == 20)
        #expect(fits("192.0.2.2", after: 0))
        #expect((0..<25).filter { _ in fits("192.0.2.1", after: 3) }.count == 6)
        #expect((0..<50).filter { _ in fits("192.0.2.1", after: 1000) }.count == 20)
        // A clock that goes back gives nothing, and takes nothing that was left.
        #expect(!fits("192.0.2.1", after: 900))
        // Of IPv6, a network is a client.
        #expect((0..<25).filter { fits("2001:db8::\($0)", after: 0) }.count == 20)
        #expect(fits("2001:db8:0:1::1", after: 0))
        // What has no address is one client.
        #expect((0..<25).filter { _ in fits("-", after: 0) }.count == 20)
    }

    @Test func aFloodOfAddressesIsOneClient() throws {
        let rate = RequestRate(perSecond: 1)
        let start = ContinuousClock.now
        func fits(_ number: Int, after seconds: Double) -> Bool {
            do {
                try rate.admit(
                    IPAddress("10.\(number >> 16).\(number >> 8 & 255).\(number & 255)"), now: start + .seconds(seconds)
                )
                return true
            } catch {
                return false
            }
        }
        for number in 0..<20_000 { #expect(fits(number, after: 0)) }
        // All beyond them share what one has; those who are known keep theirs.
        #expect((20_000..<20_050).filter { fits($0, after: 0) }.count == 10)
        #expect(fits(5, after: 0))
        // Once the others are forgotten, each counts for itself again.
        #expect((20_000..<20_050).filter { fits($0, after: 60) }.count == 50)
    }
}
