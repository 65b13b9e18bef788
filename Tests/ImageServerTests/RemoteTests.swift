import Host
import ImageModel
import JSON
import SystemPackage
import TestHost
import Testing

/// TLS, the configuration file, and images that the server fetches itself.
@Suite(.serialized) struct RemoteTests {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c101"

    /// A folder with a certificate for 127.0.0.1, which is its own authority.
    private static func certificate() async throws -> FilePath {
        let folder = TestFolder.make("tls")
        try await Tool.shell(
            """
            cd '\(folder)' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=test \
            -addext subjectAltName=IP:127.0.0.1 2>/dev/null
            openssl ecparam -name prime256v1 -genkey -noout -out other.pem; openssl ec -aes128 -passout pass:x -in key.pem -out locked.pem 2>/dev/null
            """)
        return folder
    }

    @Test func aServerWithACertificate() async throws {
        let tls = try await Self.certificate()
        defer { TestFolder.remove(tls) }
        let root = try ImageRoot()
        try root.add(try #require(ImageUUID(Self.uuid)), bytes: Array("hello".utf8), sha1: "aa")
        try Tool.write(
            """
            {"root": "\(root.path)", "listen": "127.0.0.1:1", "mode": "public",
             "tls-cert": "\(tls)/cert.pem", "tls-key": "\(tls)/key.pem"}
            """, to: tls.appending("config.json"))
        // The command line counts more than the file.
        let server = try TestServer(["--config", tls.appending("config.json").string], scheme: "https")
        defer { withExtendedLifetime(server) {} }
        let answer = try await Tool.shell(
            """
            curl -sf --cacert '\(tls)/cert.pem' \(server.url)/images/\(Self.uuid)/file; echo
            curl -s --cacert '\(tls)/cert.pem' --tls-max 1.1 \(server.url)/ping || echo too old
            curl -s \(server.url)/ping || echo unknown; curl -s http://127.0.0.1:\(server.port)/ping || echo plain
            """)
        #expect(answer == "hello\ntoo old\nunknown\nplain\n", "\(answer)")
    }

    @Test func aCertificateIsRenewed() async throws {
        let (tls, next) = (try await Self.certificate(), try await Self.certificate())
        defer { for folder in [tls, next] { TestFolder.remove(folder) } }
        let root = try ImageRoot()
        let server = try TestServer(
            root.path, arguments: ["--tls-cert", "\(tls)/cert.pem", "--tls-key", "\(tls)/key.pem"], scheme: "https")
        defer { withExtendedLifetime(server) {} }
        let answer = try await Tool.shell(
            """
            cp '\(tls)/cert.pem' '\(tls)/first.pem'
            who() { for name in first next; do if curl -sfo "$1/answer" --cacert "$1/$name.pem" \(server.url)/ping; then echo $name; fi; done; }
            cp '\(next)/cert.pem' '\(tls)/next.pem'; who '\(tls)'
            cp '\(next)/cert.pem' '\(tls)/cert.pem'; echo half; who '\(tls)'
            mv '\(next)/key.pem' '\(tls)/key.pem'; echo whole; who '\(tls)'
            rm '\(tls)/cert.pem'; echo none; who '\(tls)'
            """)
        #expect(answer == "first\nhalf\nfirst\nwhole\nnext\nnone\nnext\n", "\(answer)")
    }

    static let configs: [(text: String, says: String)] = [
        ("[]", "it is not a JSON object"), ("{", "cannot use"), ("{\"rot\": \"/x\"}", "there is no option \"rot\""),
        ("{\"root\": 1}", "\"root\" is not a string"), ("{\"listen\": \"x\"}", "\"x\" is no value of \"listen\""),
        ("{\"mode\": \"dc\"}", "\"dc\" is no value of \"mode\""),
    ]

    @Test(arguments: configs)
    func aConfigThatCannotBeUsed(row: (text: String, says: String)) async throws {
        let folder = TestFolder.make("config")
        defer { TestFolder.remove(folder) }
        try Tool.write(row.text, to: folder.appending("config.json"))
        let output = try await Tool.shell(
            "'\(Binaries.server)' --config '\(folder)/config.json' 2>&1 || echo status $?")
        #expect(output.contains("error (ConfigError)") && output.contains(row.says), "\(output)")
        #expect(output.hasSuffix("status 1\n"))
    }

    @Test(arguments: ["other.pem", "locked.pem", "cert.pem", "nothing"])
    func aKeyThatDoesNotFit(name: String) async throws {
        let tls = try await Self.certificate()
        defer { TestFolder.remove(tls) }
        let output = try await Tool.shell(
            "'\(Binaries.server)' --root /tmp --tls-cert '\(tls)/cert.pem' --tls-key '\(tls)/\(name)' 2>&1 </dev/null || echo status $?"
        )
        #expect(output.contains("error (ConfigError)") && output.hasSuffix("status 1\n"), "\(output)")
    }

    @Test func imagesAreFetched() async throws {
        let tls = try await Self.certificate()
        defer { TestFolder.remove(tls) }
        let theirs = try ImageRoot()
        let uuid = try #require(ImageUUID(Self.uuid))
        let bytes = TestBytes.make(3_000_000)
        try HostFile.write(bytes, to: theirs.path.appending("file"))
        let sha1 = String(try await Tool.run("sha1sum", "\(theirs.path)/file").prefix(40))
        try theirs.add(uuid, bytes: bytes, sha1: sha1, ["icon": ["contentType": "image/png"], "description": "theirs"])
        try theirs.write("PNG", to: "images/\(uuid).icon")
        let source = try TestServer(
            theirs.path, arguments: ["--tls-cert", "\(tls)/cert.pem", "--tls-key", "\(tls)/key.pem"], scheme: "https")
        let (mine, other) = (TestFolder.make("mine"), TestFolder.make("other"))
        defer { for folder in [mine, other] { TestFolder.remove(folder) } }
        let output = try await Tool.shell(
            """
            cd '\(mine)'; SSL_CERT_FILE='\(tls)/cert.pem' '\(Binaries.server)' --root . --listen 127.0.0.1:0 > out 2>/dev/null & pid=$!
            until grep -q listening out; do kill -0 $pid; sleep 0.05; done; url=$(sed 's/listening on //' out); image=$url/images/\(uuid)
            code() { curl -s -o body -w '%{http_code} ' "$@"; grep -o '"code": "[A-Za-z]*"' body || echo; }
            json() { code -H 'Content-Type: application/json' --data "$1" "$2"; }
            code -X POST "$image?action=import&source=\(source.url)"; code -X POST "$image?action=import&source=\(source.url)"
            code -T /dev/null "$image/file?source=\(source.url)&sha1=00"
            code -T /dev/null "$image/file?source=\(source.url)"; code -X POST "$image?action=activate"
            curl -s "$image/file" | cmp - '\(theirs.path)/file' && echo same
            curl -sf -w ' %{content_type}\\n' "$image/icon"
            code -X POST "$url/images/99999999-9999-4999-8999-999999999999?action=import&source=\(source.url)"
            curl -s -X DELETE "$image"
            code -X POST "$image?action=import&source=\(source.url)"
            json '{"file_url": "\(source.url)/datasets"}' "$image/file/from-url?compression=none"
            json '{"file_url": "\(source.url)/nothing"}' "$image/file/from-url?compression=none"
            json '{"file_url": "\(source.url)/images/\(uuid)/file"}' "$image/file/from-url?compression=none&sha1=00"
            json '{"file_url": "\(source.url)/images/\(uuid)/file"}' "$image/file/from-url?compression=none&sha1=\(sha1)"
            curl -s "$image/file" | cmp - '\(theirs.path)/file' && echo same
            curl -s "$image" | grep -c '"icon"' || true; kill $pid
            """)
        withExtendedLifetime(source) {}
        #expect(
            output.split(separator: "\n").map { $0.trimmingSuffix { $0 == " " } } == [
                "200", "409 \"code\": \"ImageUuidAlreadyExists\"", "400 \"code\": \"Download\"", "200", "200", "same",
                "PNG image/png", "503 \"code\": \"RemoteSourceError\"", "200", "400 \"code\": \"Download\"",
                "400 \"code\": \"Download\"",
                "400 \"code\": \"Download\"", "200", "same", "0",
            ], "\(output)")
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ fits: (Character) -> Bool) -> Substring {
        var text = self
        while let last = text.last, fits(last) { text.removeLast() }
        return text
    }
}
