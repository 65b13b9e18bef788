import ImageModel
import JSON

extension ProtocolTableTests {
    /// Sections 1, 2, 9 and 15.
    static let conventions: [Step] = [
        .get("/ping").has(["ping": "pong", "imgapi": true]).lacks("pid", "user")
            .answering(["content-type": "application/json"]),
        Step("HEAD", "/ping", 200).saying(""),
        .get("/ping?error=ValidationFailed", 422, "ValidationFailed"),
        .get("/ping?error=InvalidParameter", 422, "InvalidParameter"),
        .get("/ping?error=ImageFilesImmutable", 422, "ImageFilesImmutable"),
        .get("/ping?error=ImageAlreadyActivated", 422, "ImageAlreadyActivated"),
        .get("/ping?error=NoActivationNoFile", 422, "NoActivationNoFile"),
        .get("/ping?error=OperatorOnly", 403, "OperatorOnly"),
        .get("/ping?error=ImageUuidAlreadyExists", 409, "ImageUuidAlreadyExists"),
        .get("/ping?error=StorageIsDown", 503, "StorageIsDown"),
        .get("/ping?error=StorageUnsupported", 503, "StorageUnsupported"),
        .get("/ping?error=RemoteSource", 503, "RemoteSourceError"),
        .get("/ping?error=InternalError", 500, "InternalError"), .get("/ping?error=x", 422, "InvalidParameter"),
        .get("/images/", 404, "ResourceNotFound"), .get("/nowhere", 404, "ResourceNotFound"),
        .get("/images/\(uuid.uppercased())", 404, "ResourceNotFound"),
        Step("OPTIONS", "/images", 405, "MethodNotAllowedError").answering(["allow": "GET, HEAD, POST"]),
        .get("/images").with(["Accept": "text/plain"]).answering(["content-type": "text/plain"]).saying("[]"),
        .get("/images").with(["Accept": "image/png"]).saying("[]").with(["Accept": "*/*"]),
        Step("GET", "/images", 406).with(["Accept": "image/png"]).saying(""),
        .get("/images/\(missing)", 404).with(["Accept": "application/octet-stream"])
            .saying("ResourceNotFoundError: image \(missing) not found"),
        .get("/ping").with(["x-request-id": missing]).answering(["x-request-id": missing, "x-server-name": "test-host"]
        ),
        .get("/ping", 400, "InvalidVersion").with(["Accept-Version": "~3"]),
        .get("/images?nonsense=1").lists(), .get("/images?inclAdminFields=true", 401, "UnauthorizedError"),
        .get("/channels", 404, "ResourceNotFound"),
        .get("/datasets", 301).answering(["location": "/images"]),
        .get("/datasets/\(uuid)", 301).answering(["location": "/images/\(uuid)"]),
    ]

    /// Section 4, and what a body may be.
    static let writes: [Step] = [
        // Without the type of JSON the original dies.
        Step("POST", "/images/\(uuid)?action=import", 415).sending(Array("{}".utf8)),
        .post("/images", nil, 415), .post("/images/\(uuid)?action=import", [], 400, "InvalidContent"),
        .post("/images/\(uuid)?action=import", [:], 400, "InvalidContent").sending(Array("{".utf8)),
        .post("/images/\(uuid)?action=import", manifest(uuid, "a"), 400, "BadDigest").with(["Content-MD5": "AAAA"]),
        .post("/images/\(uuid)?action=import", manifest(uuid, "a"), 415).with(["Content-Encoding": "br"]),
        .post("/images/\(uuid)?action=import", manifest(uuid, "a"), 400, "InvalidContent")
            .with(["Content-Encoding": "gzip"]),
        .post("/images/\(uuid)?action=import", manifest(missing, "a"), 422, "InvalidParameter").naming("uuid"),
        .post("/images/\(uuid)?action=import", manifest(uuid, "a", ["bogus": 1]), 422, "InvalidParameter")
            .naming("bogus"),
        .post("/images/\(uuid)?action=import", manifest(uuid, "a", ["icon": true]), 422, "ValidationFailed")
            .naming("icon"),
        .post("/images/\(uuid)?action=import", manifest(uuid, "a", ["tags": .null]), 422, "ValidationFailed"),
        .post("/images/\(uuid)?action=import", manifest(uuid, "a", ["public": false]), 422, "ValidationFailed"),
        .post("/images/\(uuid)?action=import", manifest(uuid, "a", ["os": "beos", "version": " "]), 422)
            .naming("version", "os"),
        .post(
            "/images/\(uuid)?action=import", manifest(uuid, "a", ["origin": .string(missing)]), 422,
            "OriginDoesNotExist"),
        .post("/images/\(uuid)?action=import&account=\(account)", manifest(uuid, "a"), 403, "OperatorOnly"),
        .post("/images/\(uuid)", [:], 422, "InvalidParameter"),
        .post("/images/\(uuid)?action=fly", [:], 404, "ResourceNotFound"),
        .post("/images?action=fly", [:], 422, "InvalidParameter"),
        .post("/images?action=create-from-vm&vm_uuid=\(missing)", [:], 501, "NotAvailable"),
        .post("/images", manifest(uuid, "a"), 422, "InvalidParameter"),
        .post("/images", ["name": "a", "version": "1", "type": "other", "os": "other", "public": true], 422)
            .naming("owner"),
        // A whole manifest, as another server gives it out, is fine; what only the server knows is dropped.
        .post(
            "/images/\(uuid)?action=import",
            manifest(
                uuid, "alpha",
                [
                    "files": [["sha1": "x", "size": 1, "compression": "gzip"]], "state": "active", "acl": [],
                    "description": "", "published_at": "2020-01-01T00:00:00Z", "tags": ["role": "db", "n": 3],
                    "disabled": "false", "error": .null,
                ])
        ).has([
            "state": "unactivated", "files": [], "owner": .string(zero), "disabled": false,
            "published_at": "2020-01-01T00:00:00Z",
        ]).lacks("acl", "description", "error", "activated"),
        .post("/images/\(uuid)?action=import", manifest(uuid, "alpha"), 409, "ImageUuidAlreadyExists"),
        // Packed JSON, with the digest of what was sent.
        .post("/images/\(second)?action=import", [:]).with(["Content-Encoding": "gzip"])
            .sending(Base64.bytes(packed) ?? []),
    ]

    /// The manifest of the second image, "beta", by gzip.
    private static let packed = """
        H4sIAAAAAAACAy2KSw7CMAxE7+J1UznpB5pzsGKDnMaISvSjxKkEiLtjENIsZt68F+zgXQWlTBE89KEP3CAZF7rBtNcumGMY\
        RtPG3tIhNqNFBxUsNLPagYV07ZzytC4KbI01KpHH9v2f68ImklBmUbpmZXmmJNoq2Eq4TyN4SYX/K984XkhUc+jQoDXoToj+\
        lxoRz/D+AE1nMEGyAAAA
        """

    /// Section 5.
    static let states: [Step] = [
        .post("/images/\(uuid)?action=activate", [:], 422, "NoActivationNoFile"),
        .get("/images").lists(), .get("/images/\(uuid)").has(["name": "alpha"]),
        .put("/images/\(uuid)/file?compression=gzip", "hello").has([
            "files": [["sha1": .string(sha1), "size": 5, "compression": "gzip", "digest": digest]]
        ]),
        .get("/images/\(uuid)/file").saying("hello"),
        .put("/images/\(uuid)/file?compression=xz&dataset_guid=77", "bye").has(["state": "unactivated"]),
        .get("/images/\(uuid)/file").saying("bye"),
        .put("/images/\(uuid)/file?compression=none&sha1=\(sha1)", "hello"),
        .post("/images/\(second)?action=disable", [:]).has(["state": "unactivated", "disabled": true]),
        .post("/images/\(second)?action=enable", nil).has(["state": "unactivated", "disabled": false]),
        .post("/images/\(uuid)?action=activate", nil).has([
            "state": "active", "published_at": "2020-01-01T00:00:00Z",
        ]),
        .post("/images/\(uuid)?action=activate", [:], 422, "ImageAlreadyActivated"),
        .put("/images/\(uuid)/file?compression=none", "late", 422, "ImageFilesImmutable"),
        .post(
            "/images/\(uuid)/file/from-url?compression=none", ["file_url": "https://127.0.0.1:1/"], 422,
            "ImageFilesImmutable"),
        .post("/images/\(uuid)?action=disable", [:]).has(["state": "disabled"]),
        .post("/images/\(uuid)?action=disable", [:]).has(["state": "disabled"]),
        .get("/images").lists(), .get("/images/\(uuid)/file").saying("hello"),
        .post("/images/\(uuid)?action=enable", [:]).has(["state": "active"]), .get("/images").lists("alpha"),
        .post("/images/\(second)?action=disable", [:]),
        .put("/images/\(second)/file?compression=none", "hello"),
        .post("/images/\(second)?action=activate", [:]).has(["state": "disabled"]),
        .post("/images/\(second)?action=enable", [:]).has(["state": "active"]),
    ]

    /// Section 12.
    static let files: [Step] = [
        .post("/images/\(third)?action=import", manifest(third, "gamma")),
        .get("/images/\(third)/file", 404, "ResourceNotFound"),
        .put("/images/\(third)/file", "x", 422, "ValidationFailed").naming("compression"),
        .put("/images/\(third)/file?compression=rar", "x", 422, "ValidationFailed").naming("compression"),
        .put("/images/\(third)/file?compression=none", "", 400, "Download"),
        .put("/images/\(third)/file?compression=none&sha1=\(sha1.uppercased())", "hello", 400, "Download"),
        .put("/images/\(third)/file?compression=none&storage=local&account=\(zero)", "x", 422, "InvalidParameter"),
        .put("/images/\(missing)/file?compression=none", "x", 404, "ResourceNotFound"),
        .get("/images/\(third)/file", 404, "ResourceNotFound"),
        .get("/images/\(uuid)/file?index=1", 404, "ResourceNotFound"),
        .get("/images/\(uuid)/file").with(["Accept": "application/json"]).saying("hello").answering([
            "content-type": "application/octet-stream", "etag": sha1, "content-length": "5",
            "content-md5": "XUFAKrxLKna5cZ2REBfFkg==", "accept-ranges": "bytes",
        ]),
        .get("/images/\(uuid)/file", 206).with(["Range": "bytes=1-3"]).saying("ell")
            .answering(["content-range": "bytes 1-3/5"]),
        .get("/images/\(uuid)/file", 206).with(["Range": "bytes=-2"]).saying("lo"),
        .get("/images/\(uuid)/file", 416).with(["Range": "bytes=5-"]),
        .get("/images/\(uuid)/file", 304).with(["If-None-Match": sha1]),
        .get("/images/\(uuid)/file", 412).with(["If-Match": "x"]),
        Step("HEAD", "/images/\(uuid)/file", 200).saying("").answering(["content-length": "5"]),
        // A request ID that is no UUID kills the original.
        .put("/images/\(third)/file?compression=none", "hello").with(["x-request-id": "../../etc/passwd"]),
        .post("/images/\(third)/file/from-url?compression=none", [:], 422, "ValidationFailed").naming("file_url"),
        .post(
            "/images/\(third)/file/from-url?compression=none", ["file_url": "http://127.0.0.1/"], 422,
            "InvalidParameter"),
        .put("/images/\(third)/file?source=http://127.0.0.1:1", "", 503, "RemoteSourceError"),
        .put("/images/\(third)/file?source=gopher://x", "", 422, "InvalidParameter"),
        .get("/images/\(third)/file").saying("hello"),
    ]
}
