/// Requests of all that a server can be sent: right ones that were changed, pieces that were put together, and noise.
enum HostileRequest {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c101"

    static func make(using random: inout some RandomNumberGenerator) -> [UInt8] {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: noise(upTo: 200, using: &random)
        case 1..<5: mutated(whole.randomElement(using: &random) ?? [], using: &random)
        case 5: (0..<3).flatMap { _ in mutated(whole.randomElement(using: &random) ?? [], using: &random) }
        default: assembled(using: &random)
        }
    }

    private static func noise(upTo count: Int, using random: inout some RandomNumberGenerator) -> [UInt8] {
        (0..<Int.random(in: 0..<count, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// A request with bytes turned, cut, doubled, or with a hostile value in the place of something.
    private static func mutated(_ request: [UInt8], using random: inout some RandomNumberGenerator) -> [UInt8] {
        var bytes = request
        for _ in 0..<Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1..<9, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 3: bytes.replaceSubrange(place..<end, with: Array((values.randomElement(using: &random) ?? "").utf8))
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }

    private static func assembled(using random: inout some RandomNumberGenerator) -> [UInt8] {
        func one(_ list: [String]) -> String { list.randomElement(using: &random) ?? "" }
        var text = "\(one(methods)) \(one(targets))\(one(values)) \(one(versions))\r\n\(one(hosts))"
        for _ in 0..<Int.random(in: 0..<5, using: &random) { text += "\(one(headers)): \(one(values))\r\n" }
        return Array("\(text)\r\n\(one(bodies))".utf8)
    }

    private static let whole: [[UInt8]] = [
        "GET /images?limit=10&marker=2021-01-01&sort=published_at.desc&name=~x HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /images/\(uuid)/file?index=0 HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\nIf-Range: \"x\"\r\n\r\n",
        "POST /images/\(uuid)?action=import HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"a\":1e9}",
        "POST /images/\(uuid)?action=update HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n{\"a\":\r\n2\r\n1}\r\n0\r\nT: x\r\n\r\n",
        "PUT /images/\(uuid)/file?compression=gzip&sha1=aa HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        "GET /ping HTTP/1.1\r\nHost: x\r\nAccept: text/plain;q=0.5, */*\r\nAccept-Version: >=1.0.0 <3 || ~2\r\n\r\n",
        "GET /ping HTTP/1.1\r\nHost: x\r\nAuthorization: Signature keyId=\"a\",algorithm=\"rsa-sha256\",headers=\"date host\",signature=\"AAAA\"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        "GET http://x:80/images/\(uuid) HTTP/1.1\r\nHost: x\r\nIf-None-Match: W/\"a\", *\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        "DELETE /images/\(uuid)?force_all_channels=true HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ].map { Array($0.utf8) }
    private static let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "PRI", "\u{16}\u{3}\u{1}",
        "G\u{0}T", "",
    ]
    private static let targets = [
        "/images?limit=", "/images?marker=", "/images?tag.", "/images/\(uuid)/file?index=", "/images/\(uuid)?action=",
        "/images/", "/", "*", "http://", "//", "/ping?error=", "/%", "/images?a[b]=", "/state?action=", "/metrics?",
    ]
    private static let versions = ["HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP/", ""]
    private static let hosts = [
        "Host: x\r\n", "Host: x\r\nHost: y\r\n", "", "Host: <\u{338}b>\r\n", "Host: [::1]:99999999999\r\n",
    ]
    private static let headers = [
        "Range", "If-Range", "If-Match", "If-Modified-Since", "Content-Length", "Transfer-Encoding", "Content-Type",
        "Content-Encoding", "Content-MD5", "Digest", "Date", "x-date", "Authorization", "Accept", "Accept-Version",
        "x-request-id", "Expect", "Connection", "Upgrade", "X-Forwarded-Proto", "Trailer", "\u{0}", "é",
    ]
    private static let values = [
        "", "0", "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616",
        "1e400", "bytes=0-9223372036854775807", "bytes=-9223372036854775808", "bytes=9223372036854775807-", "bytes=-",
        "nan", "~99999999999999999999.1.1", "^0.0.0 || *", "9999-12-31T23:59:59.999999999+23:59",
        "0000-01-01T00:00:00-23:59",
        "Fri, 31 Dec 9999 23:59:60 GMT", "Sat, 00 Jan 0000 00:00:00 GMT", "chunked", "gzip", "application/json",
        "*/*;q=1e999",
        "Bearer x", "Signature ", "SHA-256=AAAA", "%", "%00", "%ff%fe", "\u{0}", "\u{7f}", "\t", "é<\u{338}", "a\r\n b",
        "\\", "\"",
        "100-continue", "close, keep-alive", "h2c", String(repeating: "x", count: 3000),
        String(repeating: "[", count: 500),
        String(repeating: "a=b&", count: 1500),
    ]
    private static let bodies = [
        "", "{}", "{\"a\":", "[[[[[[[[", "5\r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\nx", "7fffffffffffffff\r\nx",
        "1;\(String(repeating: "e", count: 2000))\r\nx\r\n0\r\n\r\n",
        "0\r\n\(String(repeating: "T: x\r\n", count: 200))\r\n",
        "\u{1f}\u{8b}\u{8}", "{\"v\":1e999,\"uuid\":\"\(uuid)\",\"image_size\":\"99999999999999999999\"}",
    ]
}
