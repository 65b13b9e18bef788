import ImageModel
import JSON
import TestHost
import Testing

/// GetImageFile: whole, in part, on conditions (imgapi.md, section 12; RFC 9110, sections 13 and 14).
@Suite struct FileTests {
    private static let uuid = ImageUUID()
    private static let sha1 = "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"
    /// More than is read at once.
    private static let bytes = TestBytes.make(1_300_000)

    private static func root() throws -> ImageRoot {
        let root = try ImageRoot()
        try root.add(uuid, bytes: bytes, sha1: sha1)
        return root
    }

    @Test func aWholeFile() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            let reply = try await server.get("/images/\(Self.uuid)/file")
            #expect(reply.status == 200 && reply.body == Self.bytes)
            #expect(reply.headers["content-length"] == "\(Self.bytes.count)")
            #expect(reply.headers["content-type"] == "application/octet-stream")
            #expect(reply.headers["etag"] == Self.sha1)
            #expect(reply.headers["accept-ranges"] == "bytes")
            #expect(reply.headers["last-modified"]?.hasSuffix(" GMT") == true)
            #expect(reply.headers["transfer-encoding"] == nil)
        }
    }

    @Test func ranges() async throws {
        let size = Self.bytes.count
        let rows: [(header: String, part: Range<Int>?, status: Int)] = [
            ("bytes=0-0", 0..<1, 206), ("bytes=5-9", 5..<10, 206), ("bytes=0-", 0..<size, 206),
            ("bytes=\(size - 1)-", size - 1..<size, 206),
            ("bytes=600000-1200000", 600_000..<1_200_001, 206), ("bytes=10-99999999999", 10..<size, 206),
            ("bytes=0-99999999999999999999999999", 0..<size, 206), ("Bytes=1-2", 1..<3, 206),
            ("bytes= 1-2 ", 1..<3, 206),
            ("bytes=-1", size - 1..<size, 206), ("bytes=-500", size - 500..<size, 206),
            ("bytes=-99999999999", 0..<size, 206),
            ("bytes=\(size)-", nil, 416), ("bytes=99999999999999999999999999-", nil, 416), ("bytes=-0", nil, 416),
            // Not understood: the whole file.
            ("bytes=9-5", nil, 200), ("bytes=", nil, 200), ("bytes=-", nil, 200), ("bytes=a-b", nil, 200),
            ("lines=1-2", nil, 200),
            ("bytes=0-1,5-6", nil, 200), ("bytes=--5", nil, 200), ("bytes=+1-5", nil, 200), ("bytes", nil, 200),
            ("", nil, 200),
        ]
        try await RunningServer.serving(try Self.root()) { server in
            for row in rows {
                let reply = try await server.get("/images/\(Self.uuid)/file", ["Range": row.header])
                #expect(reply.status == row.status, "\(row.header)")
                switch row.status {
                case 206:
                    let part = try #require(row.part)
                    #expect(reply.body == Array(Self.bytes[part]), "\(row.header)")
                    #expect(
                        reply.headers["content-range"] == "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)",
                        "\(row.header)")
                    #expect(reply.headers["content-length"] == "\(part.count)" && reply.headers["etag"] == Self.sha1)
                case 416:
                    #expect(
                        reply.headers["content-range"] == "bytes */\(size)"
                            && reply.code == "RequestedRangeNotSatisfiable", "\(row.header)")
                default:
                    #expect(reply.body == Self.bytes, "\(row.header)")
                }
                let head = try await server.send("HEAD", "/images/\(Self.uuid)/file", ["Range": row.header])
                #expect(
                    head.status == row.status && head.body.isEmpty
                        && head.headers["content-length"] == reply.headers["content-length"])
            }
        }
    }

    @Test func conditions() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            let path = "/images/\(Self.uuid)"
            let file = try await server.get("\(path)/file")
            let date = try #require(file.headers["last-modified"])
            let manifestTag = try #require(try await server.get(path).headers["etag"])
            #expect(manifestTag.count == 40 && !manifestTag.contains("\""))
            let early = "Sun, 06 Nov 1994 08:49:37 GMT"
            let late = "Fri, 31 Dec 9999 23:59:59 GMT"
            let rows: [(String, [String: String], Int)] = [
                ("", ["If-None-Match": manifestTag], 304), ("", ["If-None-Match": "\"\(manifestTag)\""], 304),
                ("", ["If-None-Match": "W/\"\(manifestTag)\""], 304),
                ("", ["If-None-Match": "x, \(manifestTag)"], 304), ("", ["If-None-Match": "*"], 304),
                ("", ["If-None-Match": "x"], 200),
                ("", ["If-Match": manifestTag], 200), ("", ["If-Match": "*"], 200), ("", ["If-Match": "x"], 412),
                ("", ["If-Modified-Since": late], 200),
                ("/file", ["If-None-Match": Self.sha1], 304), ("/file", ["If-None-Match": manifestTag], 304),
                ("/file", ["If-None-Match": "x"], 200),
                ("/file", ["If-Match": Self.sha1], 200), ("/file", ["If-Match": "x"], 412),
                ("/file", ["If-Modified-Since": date], 304), ("/file", ["If-Modified-Since": late], 304),
                ("/file", ["If-Modified-Since": early], 200),
                ("/file", ["If-Modified-Since": "yesterday"], 200),
                ("/file", ["If-None-Match": "x", "If-Modified-Since": late], 200),
                ("/file", ["If-Unmodified-Since": early], 412), ("/file", ["If-Unmodified-Since": date], 200),
                ("/file", ["Range": "bytes=1-2", "If-Range": Self.sha1], 206),
                ("/file", ["Range": "bytes=1-2", "If-Range": "\"\(Self.sha1)\""], 206),
                ("/file", ["Range": "bytes=1-2", "If-Range": "W/\"\(Self.sha1)\""], 200),
                ("/file", ["Range": "bytes=1-2", "If-Range": "x"], 200),
                ("/file", ["Range": "bytes=1-2", "If-Range": date], 206),
                ("/file", ["Range": "bytes=1-2", "If-Range": early], 200),
                ("/file", ["Range": "bytes=1-2", "If-Match": "x"], 412),
                ("/file", ["Range": "bytes=99999999-", "If-Range": "x"], 200),
            ]
            for (suffix, headers, status) in rows {
                let reply = try await server.get(path + suffix, headers)
                #expect(reply.status == status, "\(suffix) \(headers)")
                if status == 304 { #expect(reply.body.isEmpty && reply.headers["etag"] != nil) }
                if status == 412 { #expect(reply.code == "PreconditionFailed") }
            }
        }
    }

    @Test func whatTheManifestContradictsIsSentWithoutItsEtag() async throws {
        let root = try ImageRoot()
        try root.add(Self.uuid, bytes: [1, 2, 3], sha1: Self.sha1)
        try root.write("longer", to: "images/\(Self.uuid).file")
        try await RunningServer.serving(root) { server in
            let reply = try await server.get("/images/\(Self.uuid)/file")
            #expect(reply.status == 200 && reply.text == "longer" && reply.headers["etag"] == nil)
        }
    }

    @Test func imagesWithoutAFile() async throws {
        let (undescribed, absent) = (ImageUUID(), ImageUUID())
        let root = try ImageRoot()
        try root.add(undescribed)
        try root.write("x", to: "images/\(undescribed).file")
        try root.add(absent, bytes: [1], sha1: Self.sha1)
        try root.remove("images/\(absent).file")
        try await RunningServer.serving(root) { server in
            for uuid in [undescribed, absent] {
                let reply = try await server.get("/images/\(uuid)/file")
                #expect(reply.status == 404 && reply.message == "image \"\(uuid)\" has no file", "\(reply)")
            }
        }
    }

    @Test func emptyFiles() async throws {
        let root = try ImageRoot()
        try root.add(Self.uuid, bytes: [], sha1: Self.sha1)
        try await RunningServer.serving(root) { server in
            let reply = try await server.get("/images/\(Self.uuid)/file")
            #expect(reply.status == 200 && reply.headers["content-length"] == "0" && reply.body.isEmpty)
            try await #expect(server.get("/images/\(Self.uuid)/file", ["Range": "bytes=0-"]).status == 416)
        }
    }

    @Test func manyAtOnce() async throws {
        try await RunningServer.serving(try Self.root()) { server in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await server.get("/images/\(Self.uuid)/file").body == Self.bytes }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }
}
