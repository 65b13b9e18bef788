import Failure
import Host
import ImageModel
import ImageServer
import SystemPackage
import TestHost
import Testing
import Time

/// What a signature must cover, and what it is worth for other requests (imgapi.md, section 8).
@Suite struct SignatureTests {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c401"
    private static let image = "/images/\(uuid)"
    private static let manifest =
        #"{"v":2,"uuid":"\#(uuid)","name":"x","version":"1","type":"other","os":"other","public":true}"#
    /// Of "hello".
    private static let sha1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"

    /// A folder with a key, and the public one as that of user `deploy`.
    static func keys() async throws -> FilePath {
        let folder = TestFolder.make("signature")
        try await Tool.shell(
            "cd '\(folder)' && mkdir keys && openssl genrsa -out key 2048 2>/dev/null && chmod 600 key && ssh-keygen -y -f key > keys/deploy.keys"
        )
        return folder
    }

    /// The headers of a request that is signed.
    static func sign(
        _ folder: FilePath, _ names: [String]?, method: String = "post", target: String, body: String = "",
        host: String = "localhost", date: String = Timestamp.now().httpDate
    ) async throws -> [String: String] {
        let digest =
            "SHA-256="
            + (try await Tool.shell("printf '%s' '\(body)' | openssl dgst -sha256 -binary | base64 -w0"))
        let values = ["(request-target)": "\(method) \(target)", "host": host, "date": date, "digest": digest]
        let text = (names ?? ["date"]).map { "\($0): \(values[$0] ?? "")" }.joined(separator: "\n")
        let signature = try await Tool.shell(
            "printf '%s' '\(text)' | openssl dgst -sha256 -sign '\(folder)/key' | base64 -w0")
        let list = names.map { "headers=\"\($0.joined(separator: " "))\"," } ?? ""
        return [
            "Date": date, "Digest": digest,
            "Authorization": "Signature keyId=\"deploy\",algorithm=\"rsa-sha256\",\(list)signature=\"\(signature)\"",
        ]
    }

    static let all = ["(request-target)", "host", "date", "digest"]

    @Test func aSignatureIsOfOneRequest() async throws {
        let folder = try await Self.keys()
        defer { TestFolder.remove(folder) }
        let root = try ImageRoot()
        let users = Authentication(keys: folder.appending("keys"))
        try await RunningServer.serving(root, authentication: users) { server in
            let target = "\(Self.image)?action=import"
            // Less than all is not enough, and the answer says what would be.
            for names in [
                nil, ["date"], ["(request-target)", "date"], ["date", "host", "digest"], Self.all.dropLast(),
            ] {
                let headers = try await Self.sign(folder, names.map { Array($0) }, target: target, body: Self.manifest)
                let reply = try await server.send("POST", target, body: Self.manifest, headers)
                #expect(reply.status == 401, "\(names ?? []): \(reply)")
                #expect(reply.headers["www-authenticate"]?.contains("(request-target) host date digest") == true)
            }
            let good = try await Self.sign(folder, Self.all, target: target, body: Self.manifest)
            // It is no signature of another body, target or host, nor of another time.
            let forged = Self.manifest.replacing("\"x\"", with: "\"y\"")
            let other = try await server.send("POST", target, body: forged, good)
            #expect(other.status == 400 && other.code == "BadDigest", "\(other)")
            let elsewhere = "/images/\(ImageUUID())?action=import"
            #expect(try await server.send("POST", elsewhere, body: Self.manifest, good).status == 401)
            let foreign = try await Self.sign(folder, Self.all, target: target, body: Self.manifest, host: "elsewhere")
            #expect(try await server.send("POST", target, body: Self.manifest, foreign).status == 401)
            let old = try await Self.sign(
                folder, Self.all, target: target, body: Self.manifest, date: "Sun, 06 Nov 1994 08:49:37 GMT")
            #expect(try await server.send("POST", target, body: Self.manifest, old).status == 401)
            #expect(try await server.get(Self.image).status == 404)
            #expect(try await server.send("POST", target, body: Self.manifest, good).status == 200)

            // A file that is streamed has its SHA-1 in the target.
            let names = Array(Self.all.dropLast())
            let bare = "\(Self.image)/file?compression=none"
            let unsaid = try await Self.sign(folder, names, method: "put", target: bare)
            #expect(try await server.send("PUT", bare, body: "hello", unsaid).status == 401)
            let file = "\(bare)&sha1=\(Self.sha1)"
            let stated = try await Self.sign(folder, names, method: "put", target: file)
            #expect(try await server.send("PUT", file, body: "jello", stated).status == 400)
            #expect(try await server.send("PUT", file, body: "hello", stated).status == 200)
            let digested = try await Self.sign(folder, Self.all, method: "put", target: bare, body: "hello")
            #expect(try await server.send("PUT", bare, body: "jello", digested).status == 400)
            #expect(try await server.send("PUT", bare, body: "hello", digested).status == 200)
            #expect(try await server.get("\(Self.image)/file").text == "hello")
        }
    }

    @Test func theDateAloneIsTakenWhereThatIsSaid() async throws {
        let folder = try await Self.keys()
        defer { TestFolder.remove(folder) }
        let root = try ImageRoot()
        var users = Authentication(keys: folder.appending("keys"))
        users.takesDateAlone = true
        try await RunningServer.serving(root, authentication: users) { server in
            let target = "\(Self.image)?action=import"
            let headers = try await Self.sign(folder, nil, target: target)
            let reply = try await server.send("POST", target, body: Self.manifest, headers)
            #expect(reply.status == 200, "\(reply)")
            // Who signs more is held to it.
            let full = try await Self.sign(folder, Self.all, target: "\(Self.image)?action=update", body: "{}")
            let other = try await server.send(
                "POST", "\(Self.image)?action=update", body: #"{"name":"y"}"#, full)
            #expect(other.status == 400, "\(other)")
        }
    }

    @Test func keysThatOthersMayWriteAreSeenAtTheStart() async throws {
        let folder = try await Self.keys()
        defer { TestFolder.remove(folder) }
        let users = Authentication(keys: folder.appending("keys"))
        try users.check()
        try await Tool.shell("chmod 666 '\(folder)'/keys/deploy.keys")
        let error = #expect(throws: Failure.self) { try users.check() }
        #expect(error?.code == .unsafeFile, "\(error as Any)")
    }

    @Test func keysThatCannotBeReadAreNoRefusal() async throws {
        let folder = try await Self.keys()
        let root = try ImageRoot()
        try root.writeSecret("deploy secret\n", to: "tokens")
        let users = Authentication(keys: folder.appending("keys"), tokens: root.path.appending("tokens"))
        try await RunningServer.serving(root, authentication: users) { server in
            let target = "\(Self.image)?action=import"
            let headers = try await Self.sign(folder, Self.all, target: target, body: Self.manifest)
            TestFolder.remove(folder)
            #expect(try await server.send("POST", target, body: Self.manifest, headers).status == 503)
            try root.remove("tokens")
            let bearer = ["Authorization": "Bearer secret"]
            #expect(try await server.send("POST", target, body: Self.manifest, bearer).status == 503)
            try await Tool.shell("mkfifo '\(root.path)/tokens'")
            #expect(try await server.send("POST", target, body: Self.manifest, bearer).status == 503)
        }
    }
}
