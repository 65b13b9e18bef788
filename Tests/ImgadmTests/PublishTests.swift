import Host
import ImageModel
import JSON
import SystemPackage
import TestHost
import Testing

extension EndToEnd {
    /// Images go to a server, whole or not at all (cli.md §3, publish).
    @Suite struct PublishTests {
        /// An image's manifest and file, and an empty server.
        private struct Stage {
            let box: Sandbox
            let image: TestImage
            let server: TestServer
            let registry: RegistryServer?
            var manifest: String { box.path("image.json").string }

            static func make(
                _ storage: ImageStorage = .folder, _ arguments: [String] = [], _ changes: JSONObject = [:]
            ) async throws -> Stage {
                let images = try await Fixture.get()
                let box = try await Sandbox.make()
                var manifest = images.base.manifest
                for (key, value) in changes { manifest[key] = value == .null ? nil : value }
                try box.write(JSONValue.object(manifest).text(), to: "image.json")
                try HostFile.makeFolder(box.path("server/images"))
                let registry = storage == .registry ? try await RegistryServer() : nil
                let server =
                    if let registry {
                        try TestServer(registry, arguments: arguments)
                    } else {
                        try TestServer(box.path("server"), arguments: arguments)
                    }
                return Stage(box: box, image: images.base, server: server, registry: registry)
            }

            func publish(_ words: String..., to url: String? = nil, environment: [String: String] = [:]) async throws
                -> Sandbox.Run
            {
                try await box.imgadm(
                    ["publish", "-m", manifest, "-f", image.file.string] + words + [url ?? server.url],
                    environment: environment)
            }

            /// What the server has: manifests and files, or tags of images.
            func files() async throws -> [String] {
                guard let registry else { return try HostFile.names(in: box.path("server/images")).sorted() }
                let list = try await Tool.shell("curl -s '\(registry.url)/v2/vm/images/tags/list'")
                let tags = try JSONValue(parsing: list)["tags"]?.arrayValue?.compactMap(\.stringValue) ?? []
                return tags.filter { ImageUUID($0) != nil }.flatMap { ["\($0).file", "\($0).json"] }.sorted()
            }
        }

        /// What answers is no image server: the error says what it is.
        @Test func whatIsNoImageServerIsTold() async throws {
            let stage = try await Stage.make()
            let registry = try await RegistryServer()
            let page = try await CannedServer(["*": "<html>a page</html>"])
            for (url, hint) in [
                (registry.url, "it is a registry: oci://\(registry.host)/NAME"),
                (page.url, "no image server answers at"),
            ] {
                let run = try await stage.publish(to: url)
                #expect(run.status == 1 && run.errors.contains("hint: ") && run.errors.contains(hint), "\(run)")
            }
        }

        /// On a server, and in a repository without one.
        @Test(arguments: [false, true])
        func whatIsPublishedAlreadyIsNoErrorIfEqual(inRepository: Bool) async throws {
            let stage = try await Stage.make(.registry)
            let registry = try #require(stage.registry)
            let url = inRepository ? "oci://\(registry.host)/vm/others" : stage.server.url
            for (round, action) in ["published", "present", "present"].enumerated() {
                let run = try await stage.publish("--if-absent", "-qj", to: url)
                let answer = try JSONValue(parsing: Array(run.output.utf8))
                #expect(run.status == 0 && answer["images"]?[0]?["action"]?.stringValue == action, "\(round): \(run)")
                #expect(answer["changed"] == .bool(round == 0))
            }
            let words = try await stage.publish("--if-absent", "-q", to: url)
            #expect(words.lines == ["Image \(stage.image.uuid) is published on \(url) already"], "\(words)")
            var manifest = stage.image.manifest
            manifest["version"] = "2.0.0"
            manifest["tags"] = ["a": "b"]
            try stage.box.write(JSONValue.object(manifest).text(), to: "image.json")
            let other = try await stage.publish("--if-absent", "-q", to: url)
            #expect(other.status == 1 && other.errors.contains("error (ImageUuidAlreadyExists)"), "\(other)")
            #expect(other.errors.contains("it differs in version, tags\n"), "\(other)")
            // Another file.
            var same = stage.image.manifest
            same["files"] = nil
            try stage.box.write(JSONValue.object(same).text(), to: "image.json")
            let shell = try await stage.box.shell(
                """
                head -c "$(stat -c %s '\(stage.image.file)')" /dev/urandom > '\(stage.box.root)/x'
                imgadm publish --if-absent -q -m '\(stage.manifest)' -f '\(stage.box.root)/x' \(url)
                """)
            #expect(shell.status == 1 && shell.errors.contains("files.0.sha1"), "\(shell)")
        }

        @Test(arguments: ImageStorage.allCases)
        func whatIsPublishedCanBeImported(storage: ImageStorage) async throws {
            let stage = try await Stage.make(storage)
            let run = try await stage.publish()
            let uuid = stage.image.uuid
            #expect(
                run.lines == [
                    "Imported image \(uuid) (base, 1.0.0, state=unactivated)",
                    "Added file \"\(stage.image.file)\" (compression \"gzip\") to image \(uuid)",
                    "Activated image \(uuid)", "Successfully published image \(uuid) to \(stage.server.url)",
                ], "\(run)")
            #expect(try await stage.files() == ["\(uuid).file", "\(uuid).json"])
            try stage.box.use(stage.server.url)
            #expect(try await stage.box.imgadm("avail", "-Ho", "uuid").lines == [uuid])
            let imported = try await stage.box.imgadm("import", uuid)
            #expect(imported.status == 0, "\(imported)")
        }

        @Test(arguments: ImageStorage.allCases)
        func anImageThatIsThereAlreadyStays(storage: ImageStorage) async throws {
            let stage = try await Stage.make(storage)
            #expect(try await stage.publish().status == 0)
            let run = try await stage.publish()
            // The server's code is the code.
            #expect(run.status == 1 && run.errors.contains("error (ImageUuidAlreadyExists)"), "\(run)")
            #expect(try await stage.files().count == 2)
        }

        @Test(arguments: ImageStorage.allCases)
        func whatTheServerFindsWrongIsToldFieldByField(storage: ImageStorage) async throws {
            let stage = try await Stage.make(storage, [], ["public": false, "origin": .string(TestUUID.make())])
            let run = try await stage.publish()
            #expect(
                run.status == 1 && run.errors.contains("ValidationFailed") && run.errors.contains("public:"), "\(run)")
            #expect(try await stage.files().isEmpty)
        }

        static let breaks: [(name: String, path: String, faults: [Fault], then: Fault, works: Bool)] = [
            ("the upload breaks off once", "/file", [.drop], .pass, true),
            ("the upload is answered 503 once", "/file", [.status(503)], .pass, true),
            ("the import is answered 502 once", "action=import", [.status(502)], .pass, true),
            ("the answer to the import is lost once", "action=import", [.cut(after: 0)], .pass, true),
            ("the activation is answered 502 once", "action=activate", [.status(502)], .pass, true),
            ("the answer to the activation is lost once", "action=activate", [.cut(after: 0)], .pass, true),
            ("the upload breaks off always", "/file", [], .drop, false),
            ("the upload is refused", "/file", [], .status(422), false),
            ("the import is refused", "action=import", [], .status(500), false),
            ("the import breaks off", "action=import", [], .drop, false),
            ("the activation fails", "action=activate", [], .status(500), false),
            ("the activation breaks off", "action=activate", [], .drop, false),
            ("the answer is no image", "/file", [], .raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), false),
        ]

        @Test(arguments: breaks, ImageStorage.allCases)
        func everyStepMayFail(
            step: (name: String, path: String, faults: [Fault], then: Fault, works: Bool), storage: ImageStorage
        ) async throws {
            let stage = try await Stage.make(storage)
            let (name, path, faults, then, works) = step
            let proxy = try await FaultProxy(to: stage.server.port, path: path, faults, then: then)
            let run = try await stage.publish(to: proxy.url)
            #expect((run.status == 0) == works, "\(name): \(run)")
            #expect(try await stage.files().count == (works ? 2 : 0), "\(name): \(run)")
            // And then it can be done.
            if !works { #expect(try await stage.publish().status == 0, "\(name)") }
        }

        @Test(arguments: ImageStorage.allCases)
        func aRefusalIsReadBeforeTheWholeFileIsSent(storage: ImageStorage) async throws {
            let stage = try await Stage.make(storage)
            let large = stage.box.path("large")
            try await Tool.run("truncate", "-s", "3G", large.string)
            try stage.box.write(
                "{\"v\": 2, \"uuid\": \"\(TestUUID.make())\", \"name\": \"x\", \"version\": \"1\", \"type\": \"other\", \"os\": \"other\", \"public\": true}",
                to: "image.json")
            // The file of an active image never changes: the server says so at once.
            let proxy = try await FaultProxy(
                to: stage.server.port, path: "/file", [],
                then: .status(422, body: "{\"code\":\"ImageFilesImmutable\",\"message\":\"no\"}"))
            let run = try await stage.box.imgadm("publish", "-m", stage.manifest, "-f", large.string, proxy.url)
            #expect(run.status == 1 && run.errors.contains("ImageFilesImmutable"), "\(run)")
            #expect(try await stage.files().isEmpty)
        }

        @Test(arguments: ImageStorage.allCases)
        func aFileThatIsNotTheManifestsIsNotSent(storage: ImageStorage) async throws {
            let stage = try await Stage.make(
                storage, [],
                ["files": [["sha1": .string(String(repeating: "0", count: 40)), "size": 5, "compression": "gzip"]]])
            let run = try await stage.publish()
            #expect(run.status == 1 && run.errors.contains("error (UploadError)"), "\(run)")
            let size = try HostFile.size(stage.image.file).map { Int($0) } ?? 0
            let wrong = try await Stage.make(
                storage, [],
                [
                    "files": [
                        [
                            "sha1": .string(String(repeating: "0", count: 40)), "size": .number(JSONNumber(size)),
                            "compression": "gzip",
                        ]
                    ]
                ])
            let other = try await wrong.publish()
            #expect(other.status == 1 && other.errors.contains("error (Download)"), "\(other)")
            #expect(try await stage.files().isEmpty)
            #expect(try await wrong.files().isEmpty)
        }

        /// The file's SHA-256 comes to those who import the image, also by a server that keeps none in its manifests.
        @Test(arguments: [true, false])
        func theDigestOfTheFileIsPublished(serverKeepsIt: Bool) async throws {
            let digest = String(
                try await Tool.shell("sha256sum '\(try await Fixture.get().base.file)'").prefix { $0 != " " })
            let stage = try await Stage.make()
            let proxy = try await FaultProxy(
                to: stage.server.port, path: "/", [],
                then: serverKeepsIt ? .pass : .replace("\"digest\"", with: "\"others\""))
            let uuid = stage.image.uuid
            var stale = false
            func state(_ digest: String, _ algorithm: String = "sha256") throws {
                var manifest = stage.image.manifest
                var file = manifest["files"]?[0]?.objectValue ?? [:]
                file["digest"] = .string("\(algorithm):\(digest)")
                manifest["files"] = [.object(file)]
                if stale { manifest["tags"] = ["file_digest": .string("sha256:\(String(repeating: "1", count: 64))")] }
                try stage.box.write(JSONValue.object(manifest).text(), to: "image.json")
            }
            // A wrong one is found before anybody sees the image.
            try state(String(repeating: "0", count: 64))
            let wrong = try await stage.publish(to: proxy.url)
            #expect(wrong.status == 1 && wrong.errors.contains("error (UploadError)"), "\(wrong)")
            for (digits, code) in [(128, "UploadError"), (64, "ManifestValidation")] {
                try state(String(repeating: "0", count: digits), digits == 128 ? "sha512" : "sha3")
                let other = try await stage.publish(to: proxy.url)
                #expect(other.status == 1 && other.errors.contains("error (\(code))"), "\(other)")
            }
            #expect(try await stage.files().isEmpty)
            // A tag of another file is none of this one's.
            stale = true
            try state(digest)
            #expect(try await stage.publish(to: proxy.url).status == 0)
            let again = try await stage.publish("--if-absent", to: proxy.url)
            #expect(again.status == 0, "\(again)")
            let served = try Manifest(
                JSONValue(parsing: try await Tool.shell("curl -sSf '\(proxy.url)/images/\(uuid)'")))
            #expect(served.files.first?.digest == (serverKeepsIt ? "sha256:\(digest)" : nil))
            #expect(served.tags["file_digest"] == (serverKeepsIt ? nil : .string("sha256:\(digest)")))
            #expect(served.fileDigest?.description == "sha256:\(digest)")
            // What is made of the image is another file, of which the tag says nothing.
            try stage.box.use(proxy.url)
            let exported = try await stage.box.shell(
                "cd \(stage.box.root); imgadm import -q \(uuid); imgadm export -q -o other.zfs.xz \(uuid); imgadm delete \(uuid)"
            )
            let made = try Manifest(JSONValue(parsing: try stage.box.read("other.imgmanifest") ?? ""))
            #expect(exported.status == 0 && made.tags["file_digest"] == nil, "\(exported)")
            #expect(made.files.first?.digest != "sha256:\(digest)")
            // And holds.
            let other = try await stage.box.imgadm(
                "remote", "set", uuid, "tags={\"file_digest\": \"sha256:\(String(repeating: "0", count: 64))\"}",
                proxy.url)
            #expect(other.status == 0, "\(other)")
            let imported = try await stage.box.imgadm("import", uuid)
            #expect(imported.status == (serverKeepsIt ? 0 : 1), "\(imported)")
            #expect(serverKeepsIt || imported.errors.contains("digest sha256:\(digest)"), "\(imported)")
            #expect(serverKeepsIt || imported.errors.contains("tag file_digest"), "\(imported)")
        }

        /// A manifest that comes from a server that keeps no digests states it by the tag alone.
        @Test func aTagThatFitsIsPublishedAndAnotherIsLeftOut() async throws {
            let digest = String(
                try await Tool.shell("sha256sum '\(try await Fixture.get().base.file)'").prefix { $0 != " " })
            for (tag, isFitting) in [(digest, true), (String(repeating: "1", count: 64), false)] {
                let stage = try await Stage.make()
                var manifest = stage.image.manifest
                var file = manifest["files"]?[0]?.objectValue ?? [:]
                file["digest"] = nil
                manifest["files"] = [.object(file)]
                manifest["tags"] = ["file_digest": .string("sha256:\(tag)"), "team": "web"]
                try stage.box.write(JSONValue.object(manifest).text(), to: "image.json")
                let run = try await stage.publish(to: stage.server.url)
                #expect(run.status == 0 && run.errors.contains("is of another file") == !isFitting, "\(run)")
                let served = try Manifest(
                    JSONValue(
                        parsing: try await Tool.shell("curl -sSf '\(stage.server.url)/images/\(stage.image.uuid)'")))
                #expect(served.tags["file_digest"] == (isFitting ? .string("sha256:\(digest)") : nil))
                #expect(served.tags["team"] == "web" && served.files.first?.digest == "sha256:\(digest)")
            }
        }

        @Test func requestsAreSigned() async throws {
            let keys = TestFolder.make("keys")
            defer { TestFolder.remove(keys) }
            try await Tool.shell(
                """
                cd '\(keys)' && mkdir server
                ssh-keygen -q -t rsa -b 2048 -N '' -f openssh; openssl genrsa -out pem 2048 2>/dev/null
                openssl genrsa -traditional -out pkcs1 2048 2>/dev/null; ssh-keygen -q -t rsa -b 2048 -N '' -f stranger
                ssh-keygen -q -t ed25519 -N '' -f ed25519; ssh-keygen -q -t rsa -N secret -f locked
                for size in 256 384 521; do ssh-keygen -q -t ecdsa -b $size -N '' -f p$size; done
                openssl ecparam -name prime256v1 -genkey -out sec1 2>/dev/null
                openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out pkcs8
                openssl genpkey -algorithm ed25519 -out ed25519.pem
                for key in pem pkcs1 sec1 pkcs8; do chmod 600 $key; ssh-keygen -y -f $key > $key.pub; done
                # OpenSSH does not read this form: the last 32 bytes of DER are the key.
                { printf '\\0\\0\\0\\013ssh-ed25519\\0\\0\\0\\040'; openssl pkey -in ed25519.pem -pubout -outform DER | tail -c 32; } |
                    base64 -w0 | sed 's/^/ssh-ed25519 /' > ed25519.pem.pub; echo >> ed25519.pem.pub
                openssl pkcs8 -topk8 -v2 aes256 -passout pass:secret -in pem -out locked.pem
                { echo '# the keys of one user'; cat openssh.pub pem.pub pkcs1.pub ed25519*.pub p*.pub sec1.pub; } > server/deploy.keys
                """)
            for key in ["openssh", "pem", "pkcs1", "ed25519", "p256", "p384", "p521", "sec1", "pkcs8", "ed25519.pem"] {
                let stage = try await Stage.make(.folder, ["--keys", keys.appending("server").string])
                let path = keys.appending(key).string
                let run = try await stage.publish("--key", path, "--user", "deploy")
                #expect(run.status == 0, "\(key): \(run)")
                #expect(try await stage.files().count == 2)
            }
            let stage = try await Stage.make(.folder, ["--keys", keys.appending("server").string])
            let refused: [(words: [String], status: Int32, code: String)] = [
                ([], 1, "UnauthorizedError"),
                (["--key", keys.appending("stranger").string, "--user", "deploy"], 1, "UnauthorizedError"),
                (["--key", keys.appending("openssh").string, "--user", "nobody"], 1, "UnauthorizedError"),
                (["--key", keys.appending("openssh").string, "--user", "../deploy"], 1, "UnauthorizedError"),
                (["--key", keys.appending("openssh").string], 2, "Usage"), (["--user", "deploy"], 2, "Usage"),
                (["--key", "/no/key", "--user", "deploy"], 2, "Usage"),
                (["--key", keys.appending("locked.pem").string, "--user", "deploy"], 2, "Usage"),
                (["--key", keys.appending("locked").string, "--user", "deploy"], 2, "Usage"),
                (["--key", keys.appending("openssh.pub").string, "--user", "deploy"], 2, "Usage"),
            ]
            for (words, status, code) in refused {
                let run = try await stage.box.imgadm(
                    ["publish", "-m", stage.manifest, "-f", stage.image.file.string] + words + [stage.server.url],
                    environment: ["SSH_AUTH_SOCK": ""])
                #expect(run.status == status && run.errors.contains("error (\(code))"), "\(words): \(run)")
                #expect(try await stage.files().isEmpty, "\(words)")
                #expect(
                    !words.contains { $0.contains("locked") } || run.errors.contains("ssh-agent"), "\(run)")
            }
            let named = try await stage.publish(
                environment: ["IMGADM_KEY": keys.appending("openssh").string, "IMGADM_USER": "deploy"])
            #expect(named.status == 0, "\(named)")
            // Who only reads need not sign.
            try stage.box.use(stage.server.url)
            #expect(try await stage.box.imgadm("avail", "-H").lines.count == 1)
        }

        /// A server of before knows no signatures but those of the date, and refuses others without a word about which it
        /// would take.
        @Test func anOldServerIsSentSignaturesOfTheDate() async throws {
            let keys = TestFolder.make("keys")
            defer { TestFolder.remove(keys) }
            try await Tool.shell(
                "cd '\(keys)' && mkdir server && ssh-keygen -q -t rsa -b 2048 -N '' -f key && cp key.pub server/deploy.keys"
            )
            let stage = try await Stage.make(
                .folder, ["--keys", keys.appending("server").string, "--signatures", "date"])
            let proxy = try await FaultProxy(
                to: stage.server.port, path: "/images/",
                [.status(401), .pass, .status(401), .pass, .status(401), .pass])
            let run = try await stage.publish("--key", keys.appending("key").string, "--user", "deploy", to: proxy.url)
            #expect(run.status == 0, "\(run)")
            #expect(try await stage.files().count == 2)
            let signatures = proxy.requests.map { head in
                head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("authorization: ") } ?? ""
            }
            #expect(signatures.count == 6 && signatures.allSatisfy { $0.contains("signature=") }, "\(signatures)")
            for (place, signature) in signatures.enumerated() {
                #expect(signature.contains("headers=") == place.isMultiple(of: 2), "\(signature)")
            }
        }

        @Test(arguments: ImageStorage.allCases)
        func createMayPublish(storage: ImageStorage) async throws {
            let stage = try await Stage.make(storage)
            let vm = try await BareMachine.make(in: stage.box)
            let run = try await stage.box.imgadm(
                ["create", "-c", "gzip", "-p", stage.server.url, vm.uuid, "public=true"] + BareMachine.fields)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.last?.hasPrefix("Successfully published image ") == true, "\(run)")
            #expect(try await stage.files().count == 2)
            #expect(try HostFile.names(in: stage.box.path("var/tmp")).allSatisfy { !$0.contains("create") })
            let both = try await stage.box.imgadm(
                ["create", "-o", "x", "-p", stage.server.url, vm.uuid] + BareMachine.fields)
            #expect(both.status == 2, "\(both)")
        }

        @Test func theHintOfACreateThatCouldNotPublishIsTrue() async throws {
            let stage = try await Stage.make()
            let vm = try await BareMachine.make(in: stage.box)
            // It is asked before there is an image, and refuses what there is then.
            let refusing = try await CannedServer(["/ping": #"{"ping":"pong","imgapi":true}"#]) { head in
                head.hasPrefix("POST") ? "HTTP/1.1 405 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" : nil
            }
            let away = refusing.url
            let create = ["create", "-p", away, vm.uuid, "public=true"] + BareMachine.fields
            let run = try await stage.box.imgadm(create)
            #expect(run.status == 1 && run.errors.contains("until create -p is run for this VM again"), "\(run)")
            #expect(run.errors.contains("status 405") && run.errors.contains("takes no changes"), "\(run)")
            let words = try #require(
                run.errors.split(separator: "imgadm publish ").last?.split(separator: " \(away)").first)
            let published = try await stage.box.shell("imgadm publish \(words) \(stage.server.url)")
            #expect(published.status == 0, "\(published)")
            let again = try await stage.box.imgadm(create)
            #expect(again.lines.contains { $0.hasPrefix("Cleared leftover folder ") }, "\(again)")
            let gone = try await stage.box.shell("imgadm publish \(words) \(stage.server.url)")
            #expect(gone.status == 2, "\(gone)")
        }

        /// What can be known before is told before.
        @Test func whatCannotBePublishedIsNotMade() async throws {
            let stage = try await Stage.make()
            let vm = try await BareMachine.make(in: stage.box)
            let uuid = TestUUID.make()
            func create(_ url: String) async throws -> Sandbox.Run {
                try await stage.box.imgadm(
                    ["create", "-p", url, vm.uuid, "public=true", "uuid=\(uuid)"] + BareMachine.fields)
            }
            #expect(try await create(stage.server.url).status == 0)
            for (url, code) in [
                (stage.server.url, "ImageUuidAlreadyExists"), ("http://127.0.0.1:1", "ConnectionError"),
            ] {
                let run = try await create(url)
                #expect(run.status == 1 && run.errors.contains("error (\(code))"), "\(run)")
                #expect(!run.output.contains("Snapshotting") && !run.errors.contains("the image stays"), "\(run)")
            }
        }

        /// Nobody else can know, make or write the folder in which the image waits to be published.
        @Test func createAndPublishWorksInAFolderOfItsOwn() async throws {
            let stage = try await Stage.make()
            let box = stage.box
            let vm = try await BareMachine.make(in: box)
            let name = "var/tmp/.imgadm-create-\(vm.uuid)"
            try await Tool.shell(
                """
                mkdir -p '\(box.root)/\(name)' '\(box.root)/\(name)-dead' '\(box.root)/\(name)-foreign'
                chmod 700 '\(box.root)/\(name)-dead'; echo part > '\(box.root)/\(name)-dead/web-1.0.0.zfs'
                chmod 777 '\(box.root)/\(name)' '\(box.root)/\(name)-foreign'; chown 65534 '\(box.root)/\(name)-foreign'
                """)
            let create = ["create", "-p", stage.server.url, vm.uuid, "public=true"] + BareMachine.fields
            let run = try await box.imgadm(create)
            #expect(run.status == 0, "\(run)")
            #expect(run.lines.contains("Cleared leftover folder \(box.path("\(name)-dead"))"), "\(run)")
            // Where it waits is nobody's business.
            let left = try HostFile.names(in: box.path("var/tmp")).filter { $0.hasPrefix(".imgadm-create") }
            #expect(Set(left) == [".imgadm-create-\(vm.uuid)", ".imgadm-create-\(vm.uuid)-foreign"])
            #expect(try HostFile.names(in: box.path(name)).isEmpty)
        }
    }
}
