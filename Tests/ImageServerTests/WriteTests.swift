import Host
import ImageModel
import ImageServer
import JSON
import SystemPackage
import Testing

/// Requests that change images (imgapi.md, sections 5, 6, 9, 10 and 12).
@Suite struct WriteTests {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c101"
    private static let other = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c102"
    private static let everybody = Authentication(anonymous: .writes)
    /// Of "hello".
    private static let sha1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
    private static let digest: JSONValue = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

    private static func manifest(_ changes: JSONObject = [:]) -> String {
        var json: JSONObject = [
            "v": 2, "uuid": .string(uuid), "owner": "11111111-1111-1111-1111-111111111111", "name": "test",
            "version": "1.0.0", "type": "zone-dataset", "os": "smartos", "public": true,
        ]
        for (key, value) in changes { json[key] = value }
        return JSONValue.object(json).text()
    }

    @Test func anImagesWayIn() async throws {
        let root = try ImageRoot()
        try await RunningServer.serving(root, authentication: Self.everybody) { server in
            let image = "/images/\(Self.uuid)"
            let imported = try await server.send(
                "POST", "\(image)?action=import",
                body: Self.manifest(["files": [["sha1": "x", "size": 1, "compression": "gzip"]], "state": "active"]))
            #expect(imported.status == 200 && imported.json?["state"] == "unactivated", "\(imported)")
            #expect(imported.json?["files"] == [] && imported.json?["published_at"] == nil)
            #expect(imported.json?["owner"] == "00000000-0000-0000-0000-000000000000")
            #expect(try await server.get("/images").list("uuid") == [])
            let early = try await server.send("POST", "\(image)?action=activate", body: "{}")
            #expect(early.status == 422 && early.code == "NoActivationNoFile")

            let file = try await server.send(
                "PUT", "\(image)/file?compression=none&sha1=\(Self.sha1)&dataset_guid=12", body: "hello")
            let expected: JSONValue = [
                [
                    "sha1": .string(Self.sha1), "size": 5, "compression": "none", "dataset_guid": "12",
                    "digest": Self.digest,
                ]
            ]
            #expect(file.status == 200 && file.json?["files"] == expected, "\(file)")
            let activated = try await server.send("POST", "\(image)?action=activate", body: "")
            #expect(activated.status == 200 && activated.json?["state"] == "active", "\(activated)")
            #expect(activated.json?["published_at"] != nil)
            let again = try await server.send("POST", "\(image)?action=activate", body: "{}")
            #expect(again.code == "ImageAlreadyActivated")
            let late = try await server.send("PUT", "\(image)/file?compression=none", body: "other")
            #expect(late.status == 422 && late.code == "ImageFilesImmutable")
            #expect(try await server.get("\(image)/file").text == "hello")

            let disabled = try await server.send("POST", "\(image)?action=disable", body: "{}")
            #expect(disabled.json?["state"] == "disabled" && disabled.json?["disabled"] == true)
            #expect(try await server.get("/images").list("uuid") == [])
            #expect(try await server.send("POST", "\(image)?action=enable", body: "{}").json?["state"] == "active")
            #expect(try await server.get("/images").list("uuid") == [Self.uuid])

            let deleted = try await server.send("DELETE", image)
            #expect(deleted.status == 204 && deleted.body.isEmpty, "\(deleted)")
            #expect(try await server.get(image).status == 404)
            #expect(try HostFile.names(in: root.path.appending("images")).isEmpty)
        }
    }

    @Test func aPartOfAFileIsNotTakenForTheWhole() async throws {
        try await RunningServer.serving(try ImageRoot(), authentication: Self.everybody) { server in
            let image = "/images/\(Self.uuid)"
            #expect(try await server.send("POST", "\(image)?action=import", body: Self.manifest()).status == 200)
            let part = try await server.send(
                "PUT", "\(image)/file?compression=none", body: "he", ["Content-Range": "bytes 0-1/5"])
            #expect(part.status == 400 && part.code == "InvalidHeader", "\(part)")
            #expect(try await server.send("POST", "\(image)?action=activate", body: "{}").code == "NoActivationNoFile")
        }
    }

    static let wrongHeaders: [(name: String, value: String, status: Int, code: String)] = [
        ("Content-Encoding", "gzip", 415, "UnsupportedMediaType"),
        ("Content-Encoding", "identity, gzip", 415, "UnsupportedMediaType"),
        ("Content-MD5", "XUFAKrxLKna5cZ2REBfFkg==", 400, "Download"), ("Content-MD5", "x", 400, "Download"),
    ]

    /// Kept packed, or damaged, it would be another file than was sent.
    @Test(arguments: wrongHeaders)
    func whatIsSaidOfTheWayIsHeeded(name: String, value: String, status: Int, code: String) async throws {
        try await RunningServer.serving(try ImageRoot(), authentication: Self.everybody) { server in
            let image = "/images/\(Self.uuid)"
            #expect(try await server.send("POST", "\(image)?action=import", body: Self.manifest()).status == 200)
            let wrong = try await server.send("PUT", "\(image)/file?compression=none", body: "hallo", [name: value])
            #expect(wrong.status == status && wrong.code == code, "\(wrong)")
            #expect(try await server.send("POST", "\(image)?action=activate", body: "{}").code == "NoActivationNoFile")
            let packed = try await server.exchange(
                "PUT \(image)/file?compression=none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Transfer-Encoding: gzip, chunked\r\n\r\n" + "5\r\n12345\r\n0\r\n\r\n")
            #expect(packed.status == 415 && packed.code == "UnsupportedMediaType", "\(packed)")
            // Of "hello".
            let right = try await server.send(
                "PUT", "\(image)/file?compression=none", body: "hello",
                ["Content-Encoding": "identity", "Content-MD5": "XUFAKrxLKna5cZ2REBfFkg=="])
            #expect(right.status == 200, "\(right)")
        }
    }

    /// Who gives up what he has begun does not delete what another has finished.
    @Test func aDeletionCanBeBoundToAnImageThatIsNotActive() async throws {
        let root = try ImageRoot()
        try await RunningServer.serving(root, authentication: Self.everybody) { server in
            let image = "/images/\(Self.uuid)"
            for isActive in [false, true] {
                _ = try await server.send("POST", "\(image)?action=import", body: Self.manifest())
                _ = try await server.send("PUT", "\(image)/file?compression=none", body: "hello")
                if isActive { _ = try await server.send("POST", "\(image)?action=activate", body: "{}") }
                let other = try await server.send("DELETE", "\(image)?state=active")
                #expect(other.status == 422 && other.code == "InvalidParameter", "\(other)")
                let deleted = try await server.send("DELETE", "\(image)?state=unactivated")
                #expect(deleted.status == (isActive ? 412 : 204), "\(deleted)")
                #expect(!isActive || deleted.code == "PreconditionFailed", "\(deleted)")
                #expect(try await server.get(image).status == (isActive ? 200 : 404))
            }
        }
    }

    static let imports: [(body: String, status: Int, code: String, field: String)] = [
        ("", 400, "InvalidContent", ""), ("[]", 400, "InvalidContent", ""), ("{", 400, "InvalidContent", ""),
        ("{}", 422, "ValidationFailed", "uuid"), (manifest(["uuid": .string(other)]), 422, "InvalidParameter", "uuid"),
        (manifest(["name": .null]), 422, "ValidationFailed", "name"),
        (manifest(["tags": .null]), 422, "ValidationFailed", "tags"),
        (manifest(["name": "bad\u{1}name"]), 422, "ValidationFailed", "name"),
        (manifest(["os": "beos"]), 422, "ValidationFailed", "os"),
        (manifest(["bogus": 1]), 422, "InvalidParameter", "bogus"),
        // The first version is upgraded by servers of another mode only (imgapi.md, section 4).
        (
            "{\"uuid\":\"\(uuid)\",\"name\":\"x\",\"version\":\"1\",\"type\":\"zone-dataset\",\"os\":\"smartos\",\"creator_uuid\":\"\(other)\",\"creator_name\":\"x\"}",
            422, "InvalidParameter", "creator_uuid"
        ),
        (manifest(["public": false]), 422, "ValidationFailed", "public"),
        (manifest(["icon": true]), 422, "ValidationFailed", "icon"),
        (manifest(["origin": .string(other)]), 422, "OriginDoesNotExist", ""),
        (manifest(["requirements": ["x": 1]]), 422, "ValidationFailed", "requirements.x"),
        (String(repeating: "[", count: 100_000), 400, "InvalidContent", ""),
    ]

    @Test func whatIsNoManifestIsRefused() async throws {
        let root = try ImageRoot()
        try await RunningServer.serving(root, authentication: Self.everybody) { server in
            for (body, status, code, field) in Self.imports {
                let reply = try await server.send("POST", "/images/\(Self.uuid)?action=import", body: body)
                #expect(reply.status == status && reply.code == code, "\(body.prefix(200)): \(reply)")
                if !field.isEmpty { #expect(reply.json?["errors"]?[0]?["field"]?.stringValue == field, "\(reply)") }
            }
            #expect(try HostFile.names(in: root.path.appending("images")).isEmpty)
            let plain = try await server.send(
                "POST", "/images/\(Self.uuid)?action=import", body: Self.manifest(), ["Content-Type": "text/plain"])
            #expect(plain.status == 415, "\(plain)")
            let digest = try await server.send(
                "POST", "/images/\(Self.uuid)?action=import", body: Self.manifest(), ["Content-MD5": "AAAA"])
            #expect(digest.status == 400 && digest.code == "BadDigest", "\(digest)")
        }
    }

    @Test(arguments: TestStorage.allCases)
    func manifestsAsTheyAreInTheWild(storage: TestStorage) async throws {
        try await storage.serving { server in
            let body =
                #"{"v":"2","uuid":"\#(Self.uuid)","name":"x","version":1.0,"type":"zvol","os":"windows","public":true,"image_size":"40960","nic_driver":"virtio","disk_driver":"virtio","cpu_type":"host"}"#
            let imported = try await server.send("POST", "/images/\(Self.uuid)?action=import", body: body)
            #expect(imported.status == 200, "\(imported)")
            let stored = try await server.get("/images/\(Self.uuid)").json
            #expect(stored?["v"] == 2 && stored?["version"] == "1.0" && stored?["image_size"] == 40960)
            let updated = try await server.send(
                "POST", "/images/\(Self.uuid)?action=update", body: #"{"version": 2, "image_size": "10"}"#)
            #expect(updated.json?["version"] == "2" && updated.json?["image_size"] == 10, "\(updated)")
        }
    }

    @Test func whatIsNoActionIsRefused() async throws {
        let root = try ImageRoot()
        let uuid = try #require(ImageUUID(Self.uuid))
        try root.add(uuid)
        try await RunningServer.serving(root, authentication: Self.everybody) { server in
            let image = "/images/\(Self.uuid)"
            for (method, target, body, status, code) in [
                ("POST", image, "{}", 422, "InvalidParameter"),
                ("POST", "\(image)?action=fly", "{}", 422, "InvalidParameter"),
                ("POST", "/images/\(Self.other)?action=activate", "{}", 404, "ResourceNotFound"),
                ("POST", "\(image)?action=import", Self.manifest(), 409, "ImageUuidAlreadyExists"),
                ("POST", "\(image)?action=channel-add", "{}", 422, "InvalidParameter"),
                ("POST", "\(image)?action=update", "{}", 422, "ValidationFailed"),
                ("POST", "\(image)?action=update", "{\"type\":\"zvol\"}", 422, "ValidationFailed"),
                ("POST", "\(image)?action=update", "{\"name\":\"\"}", 422, "ValidationFailed"),
                ("POST", "\(image)?action=enable&account=\(Self.other)", "{}", 422, "NotImageOwner"),
                ("POST", "\(image)?action=import&account=\(Self.other)", Self.manifest(), 403, "OperatorOnly"),
                ("PUT", "\(image)/file", "x", 422, "ValidationFailed"),
                ("PUT", "\(image)/file?compression=rar", "x", 422, "ValidationFailed"),
                ("PUT", "/images/\(Self.other)/file?compression=none", "x", 404, "ResourceNotFound"),
                ("PUT", "/ping", "x", 405, "MethodNotAllowedError"),
                ("DELETE", "/images", "", 405, "MethodNotAllowedError"),
                ("PATCH", image, "{}", 405, "MethodNotAllowedError"),
                ("POST", "\(image)/acl", "{}", 422, "InvalidParameter"),
                ("POST", "\(image)/acl", "[\"x\"]", 422, "InvalidParameter"),
                ("DELETE", "/images/\(Self.other)", "", 404, "ResourceNotFound"),
            ] {
                let reply = try await server.send(method, target, body: body)
                #expect(reply.status == status && reply.code == code, "\(method) \(target) \(body): \(reply)")
            }
        }
    }

    @Test func anUploadCountsOnlyWhole() async throws {
        let root = try ImageRoot()
        let uuid = try #require(ImageUUID(Self.uuid))
        try root.add(uuid, ["state": "unactivated", "published_at": .null])
        try await RunningServer.serving(root, idleSeconds: 5, authentication: Self.everybody) { server in
            let file = "/images/\(Self.uuid)/file?compression=none"
            #expect(try await server.send("PUT", file, body: "hello").status == 200)
            let empty = try await server.send("PUT", file, body: "")
            #expect(empty.status == 400 && empty.code == "Download", "\(empty)")
            let wrong = try await server.send("PUT", "\(file)&sha1=\(String(repeating: "0", count: 40))", body: "wrong")
            #expect(wrong.status == 400 && wrong.code == "Download", "\(wrong)")
            // A client that goes away in the middle.
            _ = try? await server.exchange(
                "PUT \(file) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nConnection: close\r\n\r\nhalf")
            #expect(try await server.get("/images/\(Self.uuid)/file").text == "hello")
            let names = try HostFile.names(in: root.path.appending("images")).sorted()
            #expect(names == ["\(Self.uuid).file", "\(Self.uuid).json"], "\(names)")
        }
    }

    @Test func whatAnotherImageBuildsOnStays() async throws {
        let root = try ImageRoot()
        let (base, child) = (try #require(ImageUUID(Self.uuid)), try #require(ImageUUID(Self.other)))
        try root.add(base)
        try root.add(child, ["origin": .string(Self.uuid)])
        try await RunningServer.serving(root, authentication: Self.everybody) { server in
            let kept = try await server.send("DELETE", "/images/\(base)")
            #expect(kept.status == 422 && kept.code == "ImageHasDependentImages", "\(kept)")
            #expect(kept.message?.contains(Self.other) == true)
            #expect(try await server.send("DELETE", "/images/\(child)").status == 204)
            #expect(try await server.send("DELETE", "/images/\(base)").status == 204)
        }
    }

    @Test func fieldsAndAccounts() async throws {
        let root = try ImageRoot()
        let uuid = try #require(ImageUUID(Self.uuid))
        try root.add(uuid, ["description": "old"])
        try await RunningServer.serving(root, authentication: Self.everybody) { server in
            let image = "/images/\(Self.uuid)"
            let updated = try await server.send(
                "POST", "\(image)?action=update",
                body: "{\"description\": null, \"tags\": {\"a\": 1}, \"version\": \"2\"}")
            #expect(updated.status == 200 && updated.json?["description"] == nil, "\(updated)")
            #expect(updated.json?["tags"] == ["a": 1] && updated.json?["version"] == "2")
            let account = Self.other
            let added = try await server.send("POST", "\(image)/acl", body: "[\"\(account)\", \"\(account)\"]")
            #expect(added.json?["acl"] == [.string(account)], "\(added)")
            let removed = try await server.send("POST", "\(image)/acl?action=remove", body: "[\"\(account)\"]")
            #expect(removed.status == 200 && removed.json?["acl"] == nil, "\(removed)")
            let tag = try #require(removed.headers["etag"])
            let stale = try await server.send("POST", "\(image)?action=disable", body: "{}", ["If-Match": "\"x\""])
            #expect(stale.status == 412, "\(stale)")
            #expect(
                try await server.send("POST", "\(image)?action=disable", body: "{}", ["If-Match": tag]).status == 200)
        }
    }

    @Test func channels() async throws {
        let root = try ImageRoot()
        try root.write("[{\"name\": \"dev\", \"default\": true}, {\"name\": \"release\"}]", to: "channels.json")
        try await RunningServer.serving(root, authentication: Self.everybody) { server in
            let image = "/images/\(Self.uuid)"
            let version = ["Accept-Version": "~2"]
            let imported = try await server.send(
                "POST", "\(image)?action=import", body: Self.manifest(["channels": ["release"]]), version)
            #expect(imported.json?["channels"] == ["dev"], "\(imported)")
            #expect(try await server.get("\(image)?channel=release").status == 404)
            let added = try await server.send(
                "POST", "\(image)?action=channel-add", body: "{\"channel\": \"release\"}", version)
            #expect(added.json?["channels"] == ["dev", "release"], "\(added)")
            #expect(try await server.send("POST", "\(image)?action=enable&channel=*", body: "{}").status == 422)
            #expect(try await server.send("DELETE", "\(image)?channel=dev").status == 204)
            #expect(try await server.get("\(image)?channel=release").status == 200)
            #expect(try await server.send("DELETE", "\(image)?channel=release").status == 204)
            #expect(try await server.get("\(image)?channel=*").status == 404)
        }
    }

    @Test func tokens() async throws {
        let root = try ImageRoot()
        try root.writeSecret("# who may write\ndeploy  s3cret-token\n", to: "tokens")
        let users = Authentication(tokens: root.path.appending("tokens"))
        let uuid = try #require(ImageUUID(Self.uuid))
        try root.add(uuid, ["state": "unactivated", "published_at": .null])
        try await RunningServer.serving(root, authentication: users) { server in
            let target = "/images/\(Self.uuid)?action=disable"
            let good = ["Authorization": "Bearer s3cret-token"]
            for headers in [
                [:], ["Authorization": "Bearer wrong"], ["Authorization": "Bearer "], ["Authorization": "Basic x"],
            ] {
                let reply = try await server.send("POST", target, body: "{}", headers)
                #expect(reply.status == 401 && reply.code == "UnauthorizedError", "\(headers): \(reply)")
            }
            // Who shows something wrong is not let in as a stranger.
            #expect(try await server.get("/ping", ["Authorization": "Bearer wrong"]).status == 401)
            #expect(try await server.get("/ping").json?["user"] == nil)
            #expect(try await server.get("/ping", good).json?["user"] == "deploy")
            #expect(try await server.get("/images?state=all").list("uuid") == [])
            #expect(try await server.get("/images?state=all", good).list("uuid") == [Self.uuid])
            #expect(try await server.get("/images?state=unactivated", good).list("uuid") == [Self.uuid])
            #expect(try await server.get("/images/\(Self.uuid)?inclAdminFields=true", good).status == 200)
            #expect(try await server.send("POST", target, body: "{}", good).status == 200)
            try root.writeSecret("", to: "tokens")
            #expect(try await server.send("POST", target, body: "{}", good).status == 401)
        }
    }
}
