import ImageModel
import NIOCore

/// Random numbers that a seed foretells.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Makes answers that a client may be given by whoever wants it ill: of what a good server would say, with something wrong
/// in its status, its fields, its framing, its JSON, or its bytes.
struct HostileAnswers {
    private var numbers: SeededNumbers
    private let port: Int

    init(seed: UInt64, port: Int) {
        numbers = SeededNumbers(seed: seed)
        self.port = port
    }

    private mutating func one(of many: Int) -> Bool { Int.random(in: 0..<many, using: &numbers) == 0 }
    private mutating func pick<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &numbers)] }

    /// Numbers at which arithmetic ends.
    private static let edges = [
        "0", "-1", "1", "00", "+5", "127", "65536", "2147483648", "4294967296", "4503599627370496", "9007199254740993",
        "9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551615",
        "18446744073709551616", "-9223372036854775808", "99999999999999999999999999", "1e3", "1e400", "0x10", "1.5", "",
        " 7", "7 ", "NaN", "٣",
    ]

    private mutating func edge() -> String { pick(HostileAnswers.edges) }

    /// - Parameter head: the head of the request.
    mutating func answer(to head: String) -> [RawServer.Step] {
        let words = head.split(separator: " ", maxSplits: 2)
        let path = words.count > 1 ? String(words[1]) : "/"
        var bytes: [UInt8] = []
        if one(of: 12) {
            for _ in 0..<Int.random(in: 1...20, using: &numbers) {
                bytes += Array("HTTP/1.1 \(pick(["100", "101", "102", "103", "199"])) X\r\nA: b\r\n\r\n".utf8)
            }
        }
        let body = body(for: path, head)
        bytes += self.head(body, head)
        if one(of: 3) { mutate(&bytes) }
        if one(of: 30) { bytes += bytes }
        if one(of: 30) { bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &numbers))) }
        switch Int.random(in: 0..<2000, using: &numbers) {
        case 0: return [.send(bytes), .hang]
        case 1: return [.trickle(Array(bytes.prefix(200)), every: .milliseconds(1)), .close]
        case 2...400: return [.send(bytes), .keep]
        default: return [.send(bytes), .close]
        }
    }

    // MARK: Heads

    private mutating func status() -> String {
        switch Int.random(in: 0..<20, using: &numbers) {
        case 0..<11: return "HTTP/1.1 200 OK"
        case 11, 12: return "HTTP/1.1 \(pick([206, 301, 302, 307, 308, 401, 404, 416, 429, 503])) X"
        case 13, 14: return "HTTP/1.1 \(String(1000 + Int.random(in: 0...999, using: &numbers)).dropFirst()) X"
        case 15: return "HTTP/1.1 \(edge()) X"
        case 16: return pick(["HTTP/1.0 200 OK", "HTTP/2.0 200 OK", "HTTP/0.9 200", "ICY 200 OK", "HTTP/1.1", "\u{0}"])
        case 17: return "HTTP/1.1 200 \(String(repeating: "x", count: Int.random(in: 0...5000, using: &numbers)))"
        default: return "HTTP/1.1 \(pick([200, 204, 205, 304])) OK"
        }
    }

    private mutating func head(_ body: [UInt8], _ request: String) -> [UInt8] {
        var fields: [String] = []
        let isChunked = one(of: 4)
        switch Int.random(in: 0..<12, using: &numbers) {
        case 0: fields.append("Content-Length: \(edge())")
        case 1: fields.append("Content-Length: \(body.count)\r\nContent-Length: \(edge())")
        case 2: fields.append("Transfer-Encoding: \(pick(["chunked, chunked", "gzip", "chunked;x=y", "identity", ""]))")
        case 3: break
        default: fields.append(isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.count)")
        }
        let more = [
            "Content-Range: bytes \(edge())-\(edge())/\(edge())", "Retry-After: \(edge())",
            "Retry-After: Sun, \(edge()) Nov \(edge()) 08:49:37 GMT", "ETag: \"\(edge())\"", "Location: \(location())",
            "Last-Modified: \(edge())", "Content-MD5: \(edge())", "Docker-Content-Digest: sha256:\(edge())",
            "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:\(port)/token\(pick(["", "?x=\(edge())"]))\",service=\"\(edge())\"",
            "WWW-Authenticate: \(edge()) \(edge())=\(edge()),=\",\"", "WWW-Authenticate: Basic realm=\"",
            "Content-Type: \(pick(["application/vnd.oci.image.index.v1+json", "text/html; charset=utf-8", ";;;", ""]))",
            "Link: <\(location())>; rel=\"next\"", "Range: 0-\(edge())", "RateLimit-Remaining: \(edge())",
            "Connection: close",
            "Connection: Upgrade\r\nUpgrade: x", "X: \(String(repeating: "y", count: pick([10, 1000, 90_000])))",
            ": empty",
            "A\u{0}: b", " folded", "ü: ü", "Set-Cookie: a",
        ]
        for _ in 0..<Int.random(in: 0...4, using: &numbers) { fields.append(pick(more)) }
        if one(of: 100) { for number in 0..<300 { fields.append("N\(number): v") } }
        let head = Array("\(status())\r\n\(fields.map { "\($0)\r\n" }.joined())\r\n".utf8)
        return head + (isChunked ? chunks(body) : body)
    }

    private mutating func location() -> String {
        pick([
            "/\(edge())", "//127.0.0.1:\(port)/x", "http://127.0.0.1:\(port)/\(edge())", "http://127.0.0.1:\(edge())/",
            "?\(edge())",
            "", "#", "../../..", "http://[", "http://[::1", "ftp://x", "https://127.0.0.1:\(port)/",
            "http://user:p@127.0.0.1/",
            "/\(String(repeating: "%", count: pick([1, 3000])))", "\u{1}\u{fc}|{}", "http://", "a:b", "/x?y=http://z",
        ])
    }

    private mutating func chunks(_ body: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = body[...]
        while !rest.isEmpty {
            let count = min(rest.count, Int.random(in: 1...max(1, rest.count), using: &numbers))
            var size = String(count, radix: 16)
            if one(of: 20) {
                size = pick(["ffffffffffffffff", "10000000000000000", "-1", "", "0x5", "7fffffffffffffff", "g"])
            }
            if one(of: 10) { size += ";\(edge())=\(edge())" }
            result += Array("\(size)\r\n".utf8) + rest.prefix(count) + Array((one(of: 30) ? "" : "\r\n").utf8)
            rest = rest.dropFirst(count)
        }
        return result + Array("0\r\n\(one(of: 5) ? "Trailer: \(edge())\r\n" : "")\r\n".utf8)
    }

    // MARK: Bodies

    static let uuid = "12345678-1234-1234-1234-123456789abc"

    private mutating func body(for path: String, _ head: String) -> [UInt8] {
        if one(of: 10) {
            return [UInt8](repeating: UInt8.random(in: 0...255, using: &numbers), count: pick([0, 1, 70_000]))
        }
        var text: String
        if path.hasPrefix("/token") {
            text = "{\"token\":\"\(edge())t\",\"expires_in\":\(edge())}"
        } else if path.contains("/manifests/") {
            text = manifest()
        } else if path.contains("/blobs/") {
            text =
                "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"\(digest)\"]},\"created\":\"\(edge())\"}"
        } else if path.hasPrefix("/ping") {
            text = "{\"ping\":\"pong\",\"imgapi\":\(pick(["true", "false", "1", "{}"]))}"
        } else if path.hasPrefix("/images/") {
            text = image(HostileAnswers.uuid)
        } else if path.hasPrefix("/images") {
            let count = one(of: 10) ? 1000 : Int.random(in: 0...3, using: &numbers)
            let images = (0..<count).map { _ in "{\"uuid\":\"\(randomUUID())\"}" }
            text = "[\(images.joined(separator: ","))]"
        } else {
            text = String(repeating: "x", count: pick([0, 10, 10_000]))
        }
        if one(of: 20) { text = String(repeating: "[", count: pick([100, 10_000])) }
        return Array(text.utf8)
    }

    private let digest = "sha256:" + String(repeating: "ab", count: 32)

    private mutating func manifest() -> String {
        let size = edge()
        let layer =
            "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"\(digest)\",\"size\":\(one(of: 3) ? "5" : size)}"
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0:
            return
                "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"\(digest)\",\"size\":\(size),\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}"
        case 1:
            return
                "{\"schemaVersion\":1,\"fsLayers\":[{\"blobSum\":\"\(digest)\"}],\"history\":[{\"v1Compatibility\":\"{}\"}],\"signatures\":[{\"protected\":\"\(Base64.text(Array("{\"formatLength\":\(size),\"formatTail\":\"fQ\"}".utf8)))\"}]}"
        default:
            return
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"\(digest)\",\"size\":\(one(of: 2) ? "9" : size)},\"layers\":[\(layer),\(layer)]}"
        }
    }

    private mutating func image(_ uuid: String) -> String {
        "{\"v\":\(edge()),\"uuid\":\"\(uuid)\",\"name\":\"x\",\"version\":\"1\",\"state\":\"active\",\"files\":[{\"size\":\(edge()),\"sha1\":\"\(edge())\"}],\"image_size\":\(edge())}"
    }

    private mutating func randomUUID() -> String {
        let digits = Array("0123456789abcdef")
        return String(HostileAnswers.uuid.map { $0 == "-" ? "-" : pick(digits) })
    }

    // MARK: Bytes

    private mutating func mutate(_ bytes: inout [UInt8]) {
        for _ in 0..<Int.random(in: 1...4, using: &numbers) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &numbers)
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(contentsOf: Array(edge().utf8), at: place)
            default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 40)], at: place)
            }
        }
    }
}
