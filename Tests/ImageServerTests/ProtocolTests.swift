import ImageModel
import JSON
import Testing

/// Requests and answers, each a row of imgapi.md.
@Suite struct ProtocolTests {
    static let uuid = "11111111-2222-4333-8444-555555555555"
    static let missing = "99999999-9999-4999-8999-999999999999"

    struct Row: Sendable, CustomTestStringConvertible {
        var method = "GET"
        let target: String
        var headers: [String: String] = [:]
        let status: Int
        var code: String?
        var message: String?
        var testDescription: String { "\(method) \(target) \(headers.map { "\($0): \($1)" }.joined(separator: ", "))" }
    }

    private static func root() throws -> ImageRoot {
        let root = try ImageRoot()
        try root.add(
            #require(ImageUUID(uuid)), bytes: Array("hello".utf8), sha1: "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")
        return root
    }

    static let rows: [Row] = [
        Row(target: "/ping", status: 200),
        Row(target: "/ping?error=ValidationFailed", status: 422, code: "ValidationFailed"),
        Row(target: "/ping?error=OperatorOnly", status: 403, code: "OperatorOnly"),
        Row(target: "/ping?error=RemoteSource", status: 503, code: "RemoteSourceError"),
        Row(target: "/ping?error=InternalError", status: 500, code: "InternalError"),
        Row(target: "/ping?error=nonsense", status: 422, code: "InvalidParameter"),
        // Paths are exact.
        Row(target: "/ping/", status: 404, code: "ResourceNotFound", message: "/ping/ does not exist"),
        Row(target: "/", status: 200),
        Row(
            target: "/images/?limit=1", status: 404, code: "ResourceNotFound",
            message: "/images/?limit=1 does not exist"),
        Row(target: "//images", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/nope", status: 404, code: "ResourceNotFound", message: "/images/nope does not exist"),
        Row(target: "/images/\(uuid.uppercased().replacing("1", with: "A"))", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/\(uuid)/", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/\(uuid)/file/x", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/..%2f..%2fetc%2fpasswd/file", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/../../etc/passwd", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/%00/file", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/\(missing)", status: 404, code: "ResourceNotFound", message: "image \(missing) not found"),
        Row(
            target: "/images/\(missing)/file", status: 404, code: "ResourceNotFound",
            message: "image \(missing) not found"),
        Row(
            target: "/images/\(uuid)/file?index=1", status: 404, code: "ResourceNotFound",
            message: "image \"\(uuid)\" has no file at index 1"),
        Row(target: "/images/\(uuid)/file?index=-1", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/\(uuid)/file?index=x", status: 200),
        Row(target: "/images/\(uuid)/icon", status: 404, code: "ResourceNotFound"),
        Row(target: "/images/\(uuid)/jobs", status: 404, code: "ResourceNotFound"),
        Row(target: "/channels", status: 404, code: "ResourceNotFound"),
        Row(target: "http://localhost/images/\(uuid)", status: 200),
        // A server that only reads.
        Row(method: "POST", target: "/images", status: 405, code: "MethodNotAllowedError"),
        Row(method: "POST", target: "/images/\(uuid)?action=activate", status: 405, code: "MethodNotAllowedError"),
        Row(method: "PUT", target: "/images/\(uuid)/file", status: 405, code: "MethodNotAllowedError"),
        Row(method: "DELETE", target: "/images/\(uuid)", status: 405, code: "MethodNotAllowedError"),
        Row(method: "OPTIONS", target: "/ping", status: 405, code: "MethodNotAllowedError"),
        // Versions.
        Row(target: "/ping", headers: ["Accept-Version": "~2"], status: 200),
        Row(target: "/ping", headers: ["Accept-Version": "*"], status: 200),
        Row(
            target: "/ping", headers: ["Accept-Version": "~3"], status: 400, code: "InvalidVersion",
            message: "~3 is not supported by GET /ping"),
        Row(
            target: "/images?x=1", headers: ["Accept-Version": "junk"], status: 400, code: "InvalidVersion",
            message: "junk is not supported by GET /images"),
        // Parameters.
        Row(target: "/images?state=sleepy", status: 422, code: "InvalidParameter"),
        Row(target: "/images?limit=x", status: 422, code: "InvalidParameter"),
        Row(target: "/images?limit=-1", status: 422, code: "InvalidParameter"),
        Row(target: "/images?limit=", status: 422, code: "InvalidParameter"),
        Row(target: "/images?limit=1&limit=2", status: 422, code: "InvalidParameter"),
        Row(target: "/images?name[]=x", status: 422, code: "InvalidParameter"),
        Row(target: "/images?public=maybe", status: 422, code: "InvalidParameter"),
        Row(target: "/images?billing_tag=x", status: 422, code: "InvalidParameter"),
        Row(target: "/images?sort=name", status: 422, code: "InvalidParameter"),
        Row(target: "/images?marker=yesterday", status: 422, code: "InvalidParameter"),
        Row(target: "/images?marker=\(missing)", status: 404, code: "ResourceNotFound"),
        Row(target: "/images?inclAdminFields=true", status: 401, code: "UnauthorizedError"),
        Row(target: "/images?inclAdminFields=false", status: 200),
        Row(target: "/images?account=nobody", status: 200),
        Row(target: "/images?channel=none&uuid=x&origin=y&tags=z", status: 200),
        Row(target: "/images/\(uuid)?account=nobody", status: 422, code: "InvalidParameter"),
        Row(target: "/images/\(uuid)?inclAdminFields=true", status: 401, code: "UnauthorizedError"),
        Row(target: "/images/\(uuid)?account=\(missing)", status: 200),
        Row(target: "/images/\(uuid)?%ff%zz=%", status: 200),
        // Types.
        Row(target: "/ping", headers: ["Accept": "image/png"], status: 406),
        Row(target: "/ping", headers: ["Accept": "application/json;q=0"], status: 406),
        Row(target: "/images/\(uuid)/file", headers: ["Accept": "image/png"], status: 200),
        Row(target: "/" + String(repeating: "x", count: 20_000), status: 414),
    ]

    @Test func rows() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            for row in Self.rows {
                let reply = try await server.send(row.method, row.target, row.headers)
                #expect(reply.status == row.status, "\(row.testDescription): \(reply)")
                if let code = row.code { #expect(reply.code == code, "\(row.testDescription): \(reply)") }
                if let message = row.message { #expect(reply.message == message, "\(row.testDescription): \(reply)") }
                if reply.status == 405 { #expect(reply.headers["allow"] == "GET, HEAD") }
                if reply.status == 406 { #expect(reply.body.isEmpty) }
                #expect(
                    reply.headers["server"] == "imgapi/0.1.0" && reply.headers["date"] != nil,
                    "\(row.testDescription): \(reply)")
            }
        }
    }

    @Test func headers() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            let reply = try await server.get("/ping")
            #expect(reply.text == "{\n  \"ping\": \"pong\",\n  \"version\": \"0.1.0\",\n  \"imgapi\": true\n}")
            #expect(reply.headers["content-type"] == "application/json")
            #expect(reply.headers["x-server-name"] == "test-host")
            #expect(reply.headers["x-response-time"].flatMap { Int($0) } != nil)
            #expect(reply.headers["x-request-id"].flatMap { ImageUUID($0) } != nil)
            for name in ["request-id", "X-Request-Id"] {
                try await #expect(server.get("/ping", [name: "mine"]).headers["x-request-id"] == "mine")
            }
        }
    }

    @Test func bodiesInTheTypeThatIsAccepted() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            let text = try await server.get("/ping", ["Accept": "text/plain"])
            #expect(text.headers["content-type"] == "text/plain")
            #expect(text.text == "{\"ping\":\"pong\",\"version\":\"0.1.0\",\"imgapi\":true}")
            let image = try await server.get("/images/\(Self.uuid)", ["Accept": "text/*"])
            #expect(image.text.hasPrefix("{\"v\":2,\"uuid\":\"\(Self.uuid)\","), "\(image)")
            try await #expect(server.get("/images", ["Accept": "text/plain"]).text == "[\(image.text)]")
            for accept in [
                "*/*", "application/*", "application/json, text/plain;q=0.5", "text/plain;q=0.5, application/json",
            ] {
                try await #expect(server.get("/ping", ["Accept": accept]).headers["content-type"] == "application/json")
            }
            let bytes = try await server.get("/images/\(Self.missing)", ["Accept": "application/octet-stream"])
            #expect(bytes.text == "ResourceNotFoundError: image \(Self.missing) not found")
        }
    }

    @Test func headHasEverythingButTheBody() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            for target in [
                "/ping", "/images", "/images/\(Self.uuid)", "/images/\(Self.uuid)/file", "/images/\(Self.missing)",
            ] {
                let get = try await server.get(target)
                let head = try await server.send("HEAD", target)
                #expect(head.status == get.status && head.body.isEmpty, "\(target): \(head)")
                for name in ["content-length", "content-type", "etag", "last-modified", "accept-ranges"] {
                    #expect(head.headers[name] == get.headers[name], "\(target): \(name)")
                }
            }
        }
    }

    @Test func oldNamesLeadToTheNewOnes() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            let list = try await server.get("/datasets")
            #expect(list.status == 301 && list.headers["location"] == "/images")
            let one = try await server.get("/datasets/\(Self.uuid)")
            #expect(one.status == 301 && one.headers["location"] == "/images/\(Self.uuid)")
        }
    }

    @Test func imagesAsTheyAreServed() async throws {
        let root = try ImageRoot()
        let uuid = try #require(ImageUUID(Self.uuid))
        try root.add(
            uuid,
            [
                "tags": ["b": 1.50, "a": "é\"\n"], "billing_tags": ["secret"], "traits": ["x": true], "acl": [],
                "description": "",
                "icon": false, "activated": true, "name": "order", "local_field": 1,
                "files": [
                    [
                        "sha1": "abc", "size": 5, "compression": "none", "stor": "local", "mtime": "x",
                        "contentMD5": "y", "path": "/z",
                    ]
                ],
            ])
        try await RunningServer.serving(root) { server in
            let reply = try await server.get("/images/\(uuid)")
            #expect(
                reply.json?.text() == """
                    {"v":2,"uuid":"\(uuid)","owner":"00000000-0000-0000-0000-000000000000","name":"order","version":"1.0.0",\
                    "state":"active","disabled":false,"public":true,"published_at":"2024-01-02T03:04:05.678Z","type":"zone-dataset",\
                    "os":"smartos","files":[{"sha1":"abc","size":5,"compression":"none"}],"tags":{"b":1.5,"a":"é\\"\\n"},"local_field":1}
                    """)
            #expect(reply.text == reply.json?.text(.indented(2)))
            let list = try await server.get("/images")
            #expect(list.text == list.json?.text(.indented(2)))
            #expect(list.json?[0] == reply.json)
        }
    }
}
