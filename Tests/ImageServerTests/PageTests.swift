import ImageCatalog
import ImageModel
import JSON
import SystemPackage
import Testing

@testable import ImageServer

/// What is not for imgadm: the page for people, and figures.
@Suite struct PageTests {
    private static let uuid = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c201"
    private static let other = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c202"

    @Test func thePageListsWhatCanBeImported() async throws {
        let root = try ImageRoot()
        try root.add(
            try #require(ImageUUID(Self.uuid)),
            ["name": "base", "files": [["sha1": "aa", "size": 12_345_678, "compression": "gzip"]]])
        try root.add(try #require(ImageUUID(Self.other)), ["state": "disabled", "disabled": true])
        try await RunningServer.serving(root) { server in
            let page = try await server.get("/")
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8", "\(page)")
            #expect(page.text.contains("data-copy=\"imgadm import \(Self.uuid)\""))
            #expect(
                page.text.contains(">base<") && page.text.contains(">11.8 MiB<") && page.text.contains(">2024-01-02<"))
            #expect(!page.text.contains(Self.other))
            let policy = page.headers["content-security-policy"] ?? ""
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "\(policy)")
            #expect(try await server.send("HEAD", "/").body.isEmpty)
            #expect(try await server.send("POST", "/").status == 405)
        }
    }

    @Test func versionsOfANameAreOneEntry() async throws {
        let root = try ImageRoot()
        for number in 10...29 {
            try root.add(
                try #require(ImageUUID("6b6be30a-2b59-4f5b-8b9c-4d61a7d3c2\(number)")),
                [
                    "name": "base", "version": .string("\(number)"),
                    "published_at": .string("2024-01-\(number)T00:00:00Z"),
                ])
        }
        try root.add(try #require(ImageUUID(Self.uuid)), ["name": "other", "published_at": "2023-01-01T00:00:00Z"])
        try await RunningServer.serving(root) { server in
            let page = try await server.get("/").text
            #expect(page.contains("21 images of 2 names") && page.contains("19 older versions"))
            #expect(page.contains("<a href=\"/?name=base\">13 more versions of base</a>"))
            let base = try await server.get("/?name=base").text
            #expect(base.contains("20 of 21 images") && !base.contains("<details>"))
            #expect(base.count(of: "class=\"row\"") == 20)
            let found = try await server.get("/?q=BASE%2029&sort=name").text
            #expect(found.contains("1 of 21 images match “BASE 29”") && found.contains("value=\"BASE 29\""))
            #expect(found.contains("name=\"sort\" value=\"name\""))
            #expect(try await server.get("/?q=a%26b").text.contains("match “a&amp;b”"))
            let nothing = try await server.get("/?q=%3Cscript%3E").text
            #expect(nothing.contains("Nothing found.") && !nothing.contains("“<script"))
            #expect(try await server.get("/?sort=owner").status == 422)
            #expect(try await server.get("/?page=0").status == 422)
            #expect(try await server.get("/?page=999").text.contains(">other<"))
        }
    }

    @Test func anImageHasAPage() async throws {
        let root = try ImageRoot()
        let missing = "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c2ff"
        try root.add(
            try #require(ImageUUID(Self.uuid)),
            [
                "name": "base", "origin": .string(missing), "description": "<b>It</b>",
                "files": [["sha1": "aa", "size": 1024, "compression": "gzip"]],
            ])
        try root.add(
            try #require(ImageUUID(Self.other)),
            [
                "name": "web", "origin": .string(Self.uuid),
                "files": [["sha1": "aa", "size": 2048, "compression": "gzip"]],
            ])
        try await RunningServer.serving(root) { server in
            let web = try await server.get("/page/\(Self.other)")
            #expect(web.text.contains("<a href=\"/page/\(Self.uuid)\">base 1.0.0</a>"))
            #expect(web.text.contains("at least 3 KiB") && web.text.contains("\(missing) is not on this server"))
            #expect(web.text.contains("<code>imgadm import -S http://localhost \(Self.other)</code>"))
            #expect(
                web.text.contains(
                    "<code>curl -fL -o web-1.0.0.zfs.gz http://localhost/images/\(Self.other)/file</code>"))
            #expect(web.text.contains("<code>imgadm install -m web-1.0.0.imgmanifest -f web-1.0.0.zfs.gz</code>"))
            #expect(web.text.contains("<code>echo &#39;aa  web-1.0.0.zfs.gz&#39; | sha1sum -c</code>"))
            #expect(!web.text.contains("qcow2") && !web.text.contains("newer version"))
            let base = try await server.get("/page/\(Self.uuid)").text
            #expect(base.contains("Built on this") && base.contains("&lt;b&gt;It&lt;/b&gt;"))
            #expect(try await server.get("/page/\(missing)").status == 404)
            #expect(try await server.send("POST", "/page/\(Self.uuid)").status == 405)
        }
    }

    /// A disk is no file that a hypervisor takes: the page says what it is, and how it becomes one.
    @Test func aDiskIsOfferedForWhatItIs() async throws {
        let root = try ImageRoot()
        try root.add(
            try #require(ImageUUID(Self.uuid)),
            [
                "name": "disk", "type": "zvol", "image_size": 10240, "disk_driver": "virtio", "nic_driver": "virtio",
                "cpu_type": "host", "files": [["sha1": "$(rm x)", "size": 1024, "compression": "zstd"]],
            ])
        try root.add(
            try #require(ImageUUID(Self.other)),
            ["name": "a name", "files": [["sha1": "aa", "size": 2048, "compression": "none"]]])
        try await RunningServer.serving(root) { server in
            let disk = try await server.get("/page/\(Self.uuid)").text
            #expect(disk.contains("-o disk-1.0.0.zvol.zst ") && !disk.contains(".zfs"))
            #expect(disk.contains("<code>imgadm export -o disk-1.0.0.qcow2 \(Self.uuid)</code>"))
            #expect(disk.contains("<code>imgadm export -o disk-1.0.0.qcow2 ./disk-1.0.0.zvol.zst</code>"))
            #expect(!disk.contains("echo &#39;$"), "what a manifest says is no command")
            let odd = try await server.get("/page/\(Self.other)").text
            #expect(odd.contains("-o \(Self.other).zfs "), "its name is no name of a file")
        }
    }

    @Test func descriptionsAreShownAndFound() async throws {
        let root = try ImageRoot()
        let long = String(repeating: "word ", count: 60)
        try root.add(
            try #require(ImageUUID(Self.uuid)), ["name": "base", "description": "A <small> image\nfor Gardeners"])
        try root.add(
            try #require(ImageUUID(Self.other)), ["name": "web", "description": .string(long + "Zebra")])
        try await RunningServer.serving(root) { server in
            let all = try await server.get("/").text
            #expect(all.contains("<p class=\"about\">A &lt;small&gt; image for Gardeners</p>"))
            #expect(all.contains("word…</p>") && !all.contains("Zebra"))
            #expect(try await server.get("/?q=gardeners").text.contains("1 of 2 images match"))
            #expect(try await server.get("/?q=zebra+web").text.contains("1 of 2 images match"))
        }
    }

    @Test func aNewerVersionIsPointedTo() async throws {
        let root = try ImageRoot()
        try root.write("[{\"name\": \"dev\", \"default\": true}, {\"name\": \"release\"}]", to: "channels.json")
        let uuids = (1...4).map { "6b6be30a-2b59-4f5b-8b9c-4d61a7d3c30\($0)" }
        for (place, uuid) in uuids.enumerated() {
            try root.add(
                try #require(ImageUUID(uuid)),
                [
                    "name": "base", "version": .string("1.\(place)"), "channels": [place == 3 ? "release" : "dev"],
                    "published_at": .string("2024-01-0\(place + 1)T00:00:00Z"),
                ])
        }
        try await RunningServer.serving(root) { server in
            let oldest = try await server.get("/page/\(uuids[0])").text
            #expect(
                oldest.contains(
                    "There is a newer version: <a href=\"/page/\(uuids[2])\">base 1.2</a>, and <a href=\"/?name=base\">1 more</a>."
                ))
            #expect(!oldest.contains("base 1.3"), "of another channel")
            #expect(try await !server.get("/page/\(uuids[2])").text.contains("newer version"))
        }
    }

    /// The commands of a private server are those that work there.
    @Test func commandsOfAPrivateServerShowTheToken() async throws {
        let root = try ImageRoot()
        try root.writeSecret("ada secret\n", to: "tokens")
        try root.add(
            try #require(ImageUUID(Self.uuid)),
            ["public": false, "files": [["sha1": "aa", "size": 1, "compression": "none"]]])
        var authentication = Authentication(tokens: root.path.appending("tokens"))
        authentication.isPrivate = true
        try await RunningServer.serving(root, mode: .private, authentication: authentication) { server in
            let ada = ["Authorization": "Bearer secret", "Accept": "text/html"]
            let list = try await server.get("/", ada).text
            #expect(list.contains("<code>imgadm sources -a http://localhost --token-file TOKEN-FILE</code>"))
            let page = try await server.get("/page/\(Self.uuid)", ada).text
            #expect(
                page.contains("<code>imgadm import -S http://localhost --token-file TOKEN-FILE \(Self.uuid)</code>"))
            #expect(page.contains("curl -fL -H &quot;Authorization: Bearer $(cat TOKEN-FILE)&quot; -o "))
            #expect(!list.contains("secret") && !page.contains("secret"))
            // Who shows nothing is asked, by a page, and told nothing.
            let asked = try await server.get("/page/\(Self.uuid)", ["Accept": "text/html"])
            #expect(asked.status == 401 && asked.headers["www-authenticate"]?.hasPrefix("Basic") == true)
            #expect(asked.text.hasPrefix("<!DOCTYPE html>") && !asked.text.contains("test"), "\(asked.text)")
        }
    }

    /// What a person has asked for in vain is told on a page; a program is told as ever.
    @Test(
        arguments: [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true), ("text/html", true),
            ("*/*", false), ("application/json", false), ("application/json, text/html", false),
            ("text/html;q=0.5, application/json", false), ("text/html;q=0", false), (nil, false),
        ] as [(String?, Bool)]) func aRefusalIsAPageForABrowser(accept: String?, isPage: Bool) async throws
    {
        let root = try ImageRoot()
        let headers = accept.map { ["Accept": $0] } ?? [:]
        try await RunningServer.serving(root) { server in
            // What has JSON alone is 406 where nothing but pages is taken.
            let images =
                accept?.hasPrefix("text/html") == true && accept?.contains("*/*") != true
                ? [] : ["/images/\(Self.uuid)"]
            for target in ["/page/\(Self.uuid)", "/<script>", "/nowhere"] + images {
                let reply = try await server.get(target, headers)
                #expect(reply.status == 404 && (reply.code == "ResourceNotFound") != isPage, "\(reply)")
                guard isPage else { continue }
                #expect(reply.headers["content-type"] == "text/html; charset=utf-8")
                #expect(reply.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
                #expect(reply.text.contains("<a href=\"/\">All images</a>") && !reply.text.contains("<script>alert"))
                #expect(!reply.text.contains("/<script>"))
            }
            #expect(try await server.get("/?sort=x", headers).status == 422)
            let change = try await server.send("POST", "/images/\(Self.uuid)?action=activate", headers)
            #expect(change.json != nil || change.status == 406, "\(change)")
        }
    }

    @Test(
        arguments: [
            ("", ""), ("short", "short"), ("a  b\n c", "a b c"), ("one two three", "one two…"),
            ("abcdefghijklmnop", "abcdefghij…"), ("äöüäöüäöü äöü", "äöüäöüäöü…"),
        ]) func textsAreCutAtAWord(text: String, short: String)
    {
        #expect(HTMLText.beginning(text, characters: 10) == short)
    }

    /// Of many images no more is sent than the first page of their names, packed for who takes that, and nothing to who has it.
    @Test func aLongListIsShort() async throws {
        let root = try ImageRoot()
        for number in 100..<410 {
            try root.add(
                try #require(ImageUUID("6b6be30a-2b59-4f5b-8b9c-4d61a7d3c\(number)")), ["name": .string("n\(number)")])
        }
        try await RunningServer.serving(root) { server in
            for (coding, magic) in [("gzip", [0x1F, 0x8B] as [UInt8]), ("zstd", [0x28, 0xB5])] {
                let page = try await server.get("/", ["Accept-Encoding": coding])
                #expect(page.headers["content-encoding"] == coding && page.body.starts(with: magic))
                #expect(page.body.count < 40_000, "\(page.body.count)")
                let tag = try #require(page.headers["etag"])
                let again = try await server.get("/", ["Accept-Encoding": coding, "If-None-Match": tag])
                #expect(again.status == 304 && again.body.isEmpty)
            }
            let plain = try await server.get("/?page=3", ["Accept-Encoding": "gzip;q=0, identity"])
            #expect(plain.headers["content-encoding"] == nil && plain.text.contains("Page 3 of 4"))
        }
    }

    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1535, "1 KiB"), (1536, "2 KiB"), (1_048_575, "1.0 MiB"),
            (12_345_678, "11.8 MiB"), (5_000_000_000, "4.7 GiB"), (Int64.max, "8.0 EiB"),
        ] as [(Int64, String)]) func sizesAreShort(bytes: Int64, text: String)
    {
        #expect(HTMLText.size(bytes) == text)
        #expect(HTMLText.size(-1 - bytes) == nil)
    }

    @Test(
        arguments: [
            (nil, .identity), ("", .identity), ("gzip", .gzip), ("zstd;q=0.5, gzip", .gzip), ("gzip, zstd", .zstd),
            ("*", .zstd), ("zstd;q=0, *", .gzip), ("br, deflate", .identity), ("gzip;q=nonsense", .gzip),
        ] as [(String?, ContentCoding)]) func theBestThatIsTakenIsSent(header: String?, coding: ContentCoding)
    {
        #expect(ContentCoding(accepting: header) == coding)
    }

    @Test func whatTheRequestSaysIsOnlyText() async throws {
        let root = try ImageRoot()
        try await RunningServer.serving(root) { server in
            let page = try await server.exchange(
                "GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\nConnection: close\r\n\r\n")
            #expect(!page.text.contains("<script>alert"), "\(page)")
        }
    }

    @Test func eachChannelHasItsPage() async throws {
        let root = try ImageRoot()
        try root.write("[{\"name\": \"dev\", \"default\": true}, {\"name\": \"release\"}]", to: "channels.json")
        try root.add(try #require(ImageUUID(Self.uuid)), ["channels": ["dev"]])
        try root.add(try #require(ImageUUID(Self.other)), ["channels": ["release"]])
        try await RunningServer.serving(root) { server in
            let standard = try await server.get("/").text
            #expect(standard.contains(Self.uuid) && !standard.contains(Self.other))
            #expect(standard.contains("<a href=\"/?channel=release\">release</a>"))
            let release = try await server.get("/?channel=release").text
            #expect(
                release.contains(Self.other) && !release.contains(Self.uuid)
                    && release.contains("?channel=release&#39;</code>"))
            #expect(try await server.get("/?channel=none").status == 422)
        }
    }

    @Test func figures() async throws {
        let root = try ImageRoot()
        try root.add(try #require(ImageUUID(Self.uuid)))
        try await RunningServer.serving(root) { server in
            for _ in 0..<3 { _ = try await server.get("/ping") }
            _ = try await server.get("/images/\(Self.other)")
            _ = try await server.send("OPTIONS", "/ping")
            let figures = try await server.get("/metrics")
            #expect(figures.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            let lines = figures.text.split(separator: "\n")
            for line in [
                "imgapi_requests_total{method=\"GET\",route=\"ping\",status=\"200\"} 3",
                "imgapi_requests_total{method=\"GET\",route=\"image\",status=\"404\"} 1",
                "imgapi_requests_total{method=\"other\",route=\"ping\",status=\"405\"} 1",
                "imgapi_images{state=\"active\"} 1",
            ] { #expect(lines.contains { $0 == line }, "\(line): \(figures.text)") }
        }
    }
}

extension String {
    /// How often some text comes.
    fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
