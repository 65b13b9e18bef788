import JSON

extension ProtocolTableTests {
    /// Icons (section 12).
    static let icons: [Step] = [
        .get("/images/\(uuid)/icon", 404, "ResourceNotFound"),
        // This kills the original.
        .delete("/images/\(uuid)/icon", 404, "ResourceNotFound"),
        .put("/images/\(uuid)/icon", "PNG", 400, "Upload"),
        .put("/images/\(uuid)/icon", "PNG", 400, "Upload").with(["Content-Type": "image/png; x=1"]),
        .put("/images/\(uuid)/icon", "", 400, "Upload").with(["Content-Type": "image/png"]),
        .put("/images/\(uuid)/icon?sha1=\(sha1)", "PNG", 400, "Upload").with(["Content-Type": "image/png"]),
        .put("/images/\(uuid)/icon", String(repeating: "x", count: (128 << 10) + 1), 400, "Upload")
            .with(["Content-Type": "image/png"]),
        .put("/images/\(uuid)/icon?sha1=\(sha1)", "hello").with(["Content-Type": "image/gif"]).has(["icon": true]),
        .put("/images/\(uuid)/icon", "other").with(["Content-Type": "image/png"]).has(["icon": true]),
        .get("/images/\(uuid)/icon").saying("other").answering(["content-type": "image/png", "content-length": "5"]),
        Step("HEAD", "/images/\(uuid)/icon", 200).saying(""),
        .post("/images/\(uuid)?action=update", ["description": "with an icon"]).has(["icon": true]),
        .get("/images/\(uuid)/file").saying("hello"),
        Step("DELETE", "/images/\(uuid)/icon", 200).lacks("icon"), .get("/images/\(uuid)/icon", 404),
        Step("PATCH", "/images/\(uuid)/icon", 405).answering(["allow": "GET, HEAD, PUT, DELETE"]),
    ]

    /// UpdateImage, ACL and accounts (sections 7 and 10).
    static let changes: [Step] = [
        .post("/images/\(uuid)?action=update", [:], 422, "ValidationFailed"),
        .post("/images/\(uuid)?action=update", ["type": "zvol"], 422, "ValidationFailed").naming("type"),
        .post("/images/\(uuid)?action=update", ["name": "bad\u{1}name"], 422, "ValidationFailed").naming("name"),
        .post("/images/\(uuid)?action=update", ["description": .null, "tags": ["role": "web"], "version": "1.1+b"]).has(
            [
                "version": "1.1+b", "tags": ["role": "web"],
            ]).lacks("description"),
        .post("/images/\(uuid)?action=update", ["tags": ["role": "db", "n": 3, "list": [1]]]),
        .get("/images/\(uuid)?account=nobody", 422, "InvalidParameter"),
        .post("/images/\(uuid)?action=enable&account=\(account)", [:], 422, "NotImageOwner"),
        .post("/images/\(third)?action=enable&account=\(account)", [:], 404, "ResourceNotFound"),
        .get("/images/\(third)?account=\(account)", 404, "ResourceNotFound"),
        .post("/images/\(uuid)/acl", [.string(account), .string(other), .string(account)]).has([
            "acl": [.string(account), .string(other)]
        ]),
        .post("/images/\(uuid)/acl?action=remove", [.string(other), .string(missing)])
            .has(["acl": [.string(account)]]),
        .post("/images/\(uuid)/acl?action=remove", [.string(account)]).lacks("acl"),
        .post("/images/\(uuid)/acl", ["x"], 422, "InvalidParameter"),
        .post("/images/\(uuid)/acl?action=clear", [], 422, "InvalidParameter"),
        .post("/images/\(uuid)?action=enable", [:], 412).with(["If-Match": "x"]),
        .post("/images/\(uuid)?action=channel-add", ["channel": "dev"], 422, "InvalidParameter"),
        .post("/images/\(uuid)?action=change-stor&stor=manta", [:], 422, "InvalidParameter"),
        .post("/images/\(uuid)?action=change-stor&stor=local", [:]).has(["name": "alpha"]),
        .post("/images/\(uuid)?action=fly", [:], 422, "InvalidParameter"),
    ]

    /// Section 11.
    static let listing: [Step] = [
        .get("/images").lists("alpha", "beta"), .get("/images?sort=published_at.desc").lists("beta", "alpha"),
        .get("/images?sort=published_at.asc").lists("alpha", "beta"), .get("/images?sort=name", 422),
        .get("/images?state=all").lists("alpha", "beta"), .get("/images?state=unactivated").lists(),
        .get("/images?state=sleepy", 422, "InvalidParameter").naming("state"),
        .get("/images?name=alpha").lists("alpha"), .get("/images?name=~et").lists("beta"),
        .get("/images?name=").lists(), .get("/images?name=!alpha").lists(),
        .get("/images?version=1.1%2Bb").lists("alpha"), .get("/images?version=1.1+b").lists(),
        .get("/images?type=!zvol").lists("alpha", "beta"), .get("/images?type=zvol").lists(),
        .get("/images?os=smartos").lists("alpha", "beta"), .get("/images?owner=\(zero)&os=linux").lists(),
        .get("/images?public=true").lists("alpha", "beta"), .get("/images?public=false").lists(),
        // These two kill the original.
        .get("/images?public=maybe", 422, "InvalidParameter"), .get("/images?billing_tag=x", 422, "InvalidParameter"),
        .get("/images?tag.role=db&tag.n=3").lists("alpha"), .get("/images?tag.list=").lists("alpha"),
        .get("/images?tag.role=web").lists(), .get("/images?limit=1").lists("alpha"),
        .get("/images?limit=0").lists("alpha", "beta"), .get("/images?limit=-1", 422, "InvalidParameter"),
        .get("/images?limit=x", 422, "InvalidParameter"),
        .get("/images?marker=\(uuid)").lists("alpha", "beta"), .get("/images?marker=\(second)&limit=5").lists("beta"),
        .get("/images?marker=2020-01-02").lists("beta"), .get("/images?marker=\(missing)", 404, "ResourceNotFound"),
        .get("/images?marker=someday", 422, "InvalidParameter"), .get("/images?name=a&name=b", 422, "InvalidParameter"),
        .get("/images?account=\(account)").lists("alpha", "beta"),
        .get("/images?account=nonsense").lists("alpha", "beta"),
    ]

    /// Section 13: what a server that stands alone has not.
    static let elsewhere: [Step] = [
        .post("/images/\(missing)?action=import-remote&source=x", nil, 503, "ServiceUnavailableError"),
        .post("/images/\(missing)?action=import-from-datacenter&datacenter=x", nil, 503, "ServiceUnavailableError"),
        .post("/images/\(uuid)?action=export&manta_path=/x", [:], 503, "StorageUnsupported"),
        .post("/images/\(uuid)/clone?account=\(account)", [:], 404, "ResourceNotFound"),
        .get("/images/\(uuid)/jobs", 404, "ResourceNotFound"),
        .post("/images?action=import-docker-image&repo=x&tag=y", nil, 501, "NotAvailable"),
        .post("/images/\(missing)?action=import&source=http://127.0.0.1:1", nil, 503, "RemoteSourceError"),
        .get("/state").has(["mode": "public"]), .post("/state", nil, 409, "MissingParameter"),
        .post("/state?action=sleep", nil, 409, "InvalidArgument"),
        .post("/state?action=dropcaches", nil, 202).saying(""), .get("/images").lists("alpha", "beta"),
        .post("/authkeys/reload", nil).saying("{}"), .get("/authkeys/reload", 405),
    ]

    static let deletion: [Step] =
        whole("6b6be30a-2b59-4f5b-8b9c-4d61a7d3c104", "delta", ["origin": .string(uuid)]) + [
            .delete("/images/\(uuid)", 422, "ImageHasDependentImages"),
            .delete("/images/\(uuid)?account=\(account)", 422, "NotImageOwner"),
            .delete("/images/6b6be30a-2b59-4f5b-8b9c-4d61a7d3c104").saying(""), .delete("/images/\(uuid)"),
            .get("/images/\(uuid)", 404, "ResourceNotFound"), .get("/images/\(uuid)/file", 404),
            .delete("/images/\(uuid)", 404, "ResourceNotFound"), .delete("/images", 405),
            .get("/images").lists("beta"),
        ] + whole(uuid, "again") + [
            .get("/images/\(uuid)/file").saying("hello"), .get("/images").lists("beta", "again"),
        ]

    /// Section 6.
    static let channels: [Step] =
        [
            .get("/channels").saying(
                """
                [
                  {
                    "name": "dev",
                    "description": "all of them",
                    "default": true
                  },
                  {
                    "name": "release"
                  }
                ]
                """),
            .post("/images/\(uuid)?action=import&channel=*", manifest(uuid, "a", ["public": false]), 422),
            .post("/images/\(uuid)?action=import&channel=x", manifest(uuid, "a", ["public": false]), 422)
                .naming("channel"),
            .post("/images/\(uuid)?action=import", manifest(uuid, "a"), 422).naming("public"),
        ] + whole(uuid, "dev-only", ["public": false])
        + whole(second, "released", ["public": false, "channels": ["dev"]], query: "&channel=release") + [
            .get("/images").lists("dev-only"), .get("/images?channel=").lists("dev-only"),
            .get("/images?channel=release").lists("released"), .get("/images?channel=*").lists("dev-only", "released"),
            .get("/images?channel=x", 422, "ValidationFailed").naming("channel"),
            .get("/images/\(second)", 404, "ResourceNotFound"), .get("/images/\(second)?channel=*").lacks("channels"),
            .get("/images/\(second)?channel=release").with(["Accept-Version": "~2"]).has(["channels": ["release"]]),
            .get("/images/\(second)/file", 404), .get("/images/\(second)/file?channel=*").saying("hello"),
            .post("/images/\(uuid)?action=channel-add", nil, 415),
            .post("/images/\(uuid)?action=channel-add", [:], 422),
            .post("/images/\(uuid)?action=channel-add", ["channel": "x"], 422, "ValidationFailed"),
            .post("/images/\(uuid)?action=channel-add", ["channel": "release"]),
            .post("/images/\(uuid)?action=channel-add", ["channel": "release"]).with(["Accept-Version": "*"]).has([
                "channels": ["dev", "release"]
            ]),
            .get("/images?channel=release").lists("dev-only", "released"),
            .delete("/images/\(uuid)"), .get("/images").lists(), .get("/images/\(uuid)?channel=release"),
            .post("/images/\(uuid)?action=import", manifest(uuid, "a", ["public": false]), 409),
            .delete("/images/\(uuid)?channel=release&force_all_channels=maybe", 422),
            .delete("/images/\(uuid)?channel=release&force_all_channels=true"),
            .get("/images/\(uuid)?channel=*", 404), .delete("/images/\(second)?channel=release"),
            .get("/images?channel=*").lists(),
        ]

    /// Section 8.
    static let users: [Step] = {
        let good = ["Authorization": "Bearer s3cret"]
        return [
            .post("/images/\(uuid)?action=import", manifest(uuid, "a"), 401, "UnauthorizedError"),
            .post("/images/NO?action=import", [:], 404), .put("/images/\(uuid)/file?compression=none", "x", 401),
            .put("/images/\(uuid)/icon", "x", 401), .delete("/images/\(uuid)", 401), .get("/state", 401),
            .post("/state?action=dropcaches", nil, 401), .post("/authkeys/reload", nil, 401),
            .post("/images/\(uuid)?action=import", manifest(uuid, "a"), 401).with(["Authorization": "Bearer wrong"]),
            .get("/ping", 401).with(["Authorization": "Bearer wrong"]),
            .get("/ping").with(good).has(["user": "deploy"]),
            .post("/images/\(uuid)?action=import", manifest(uuid, "a")).with(good),
            .put("/images/\(uuid)/file?compression=none", "hello").with(good),
            .get("/images?state=all").lists(), .get("/images?state=all").with(good).lists("a"),
            .get("/images?state=unactivated").with(good).lists("a"),
            // Without a user, and whatever is shown.
            .get("/images/\(uuid)/file").saying("hello").with(["Authorization": "Bearer wrong"]),
            .get("/images/\(uuid)?inclAdminFields=true").with(good).has([
                "files": [
                    ["sha1": .string(sha1), "size": 5, "compression": "none", "digest": digest, "stor": "local"]
                ]
            ]),
            .get("/images/\(uuid)?inclAdminFields=true", 401), .get("/state").with(good).has(["images": 1]),
            .post("/images/\(uuid)?action=activate", nil).with(good), .get("/images").lists("a"),
            .delete("/images/\(uuid)").with(good),
        ]
    }()
}
