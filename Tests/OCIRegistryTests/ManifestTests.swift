import Failure
import ImageModel
import JSON
import OCIRegistry
import Testing
import Transport

/// What a registry's manifests are taken for (OCI image-spec, manifest.md and image-index.md).
@Suite struct ManifestTests {
    private static let linux = OCIPlatform(os: "linux", architecture: "amd64")

    private func find(_ answer: FakeRegistry.Answer, limits: RegistryLimits = RegistryLimits()) async throws
        -> RegistryImage
    {
        let registry = FakeRegistry(["manifests/1": answer])
        return try await registry.client(limits: limits)
            .image(try DockerReference("registry.example/x:1"), for: ManifestTests.linux)
    }

    @Test func theLayersComeFromTheBaseUp() async throws {
        let manifest = Piece.manifest([Piece.layer("a"), Piece.layer("b"), Piece.layer("a")])
        let image = try await find(.json(manifest, type: Piece.manifestType))
        #expect(image.layers.map(\.digest) == ["a", "b", "a"].map(Piece.digest))
        #expect(image.layers.map(\.size) == [1, 1, 1])
        #expect(image.digest == Piece.digest(manifest.text()) && image.manifestDigest == image.digest)
    }

    static let refused: [(manifest: String, code: String)] = [
        ("", "SourceError"), ("[]", "SourceError"), ("null", "SourceError"), ("{}", "SourceError"),
        ("{\"schemaVersion\":2,\"layers\":[]}", "SourceError"), ("{\"layers\":5,\"config\":{}}", "SourceError"),
        ("{\"schemaVersion\":1}", "SourceError"),
        ("{\"schemaVersion\":1,\"fsLayers\":[],\"history\":[]}", "SourceError"),
        ("{\"manifests\":[]}", "PlatformNotFound"), ("{\"manifests\":[{}]}", "SourceError"),
        ("{\"manifests\":[5]}", "SourceError"),
        // An index to one reader, an image to another.
        ("{\"manifests\":[],\"layers\":[],\"config\":{}}", "SourceError"),
        ("{\"manifests\":[],\"fsLayers\":[]}", "SourceError"),
        (String(repeating: "[", count: 5000), "SourceError"),
        (Piece.manifest([Piece.layer("a")], ["mediaType": .string(Piece.indexType)]).text(), "SourceError"),
        (Piece.manifest([5]).text(), "SourceError"),
        (Piece.manifest([["digest": "sha256:zz", "size": 1]]).text(), "SourceError"),
        (Piece.manifest([["digest": "../../etc/passwd", "size": 1]]).text(), "SourceError"),
        (
            Piece.manifest([["digest": .string(Piece.digest("a").description), "size": -1]]).text(), "SourceError"
        ),
        (
            Piece.manifest([["digest": .string(Piece.digest("a").description), "size": "1"]]).text(), "SourceError"
        ),
        (
            Piece.manifest([Piece.layer("a", type: "application/vnd.oci.image.layer.v1.tar+gzip+encrypted")]).text(),
            "UnsupportedImage"
        ),
        (
            Piece.manifest([Piece.layer("a", type: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")])
                .text(),
            "UnsupportedImage"
        ),
        (Piece.manifest([], ["artifactType": "application/vnd.example"]).text(), "UnsupportedImage"),
        (Piece.manifest([], ["config": Piece.descriptor("application/vnd.example", "{}")]).text(), "UnsupportedImage"),
    ]

    @Test(arguments: refused)
    func whatIsNoImageIsRefused(manifest: String, code: String) async throws {
        let failure = await #expect(throws: Failure.self) {
            _ = try await find(.text(manifest, type: Piece.manifestType))
        }
        #expect(failure?.code.rawValue == code, "\(manifest.prefix(100)): \(failure.map { "\($0)" } ?? "")")
    }

    @Test func limitsHold() async throws {
        let manifest = Piece.manifest((0..<20).map { Piece.layer("\($0)") })
        var limits = RegistryLimits(layers: 19)
        let many = await #expect(throws: Failure.self) { _ = try await find(.json(manifest), limits: limits) }
        #expect(many?.code == .unsupportedImage)
        limits = RegistryLimits(manifestBytes: 500)
        let large = await #expect(throws: AnswerTooLarge.self) { _ = try await find(.json(manifest), limits: limits) }
        #expect(large?.code == .sourceError)
    }

    @Test func aDigestThatDoesNotFitIsRefused() async throws {
        let manifest = Piece.manifest([Piece.layer("a")])
        var answer = FakeRegistry.Answer.json(manifest)
        answer.headers.append(("Docker-Content-Digest", Piece.digest("other").description))
        let tagged = await #expect(throws: Failure.self) { _ = try await find(answer) }
        #expect(tagged?.code == .downloadError)

        let digest = Piece.digest("other")
        let registry = FakeRegistry(["manifests/\(digest)": .json(manifest)])
        let named = await #expect(throws: Failure.self) {
            _ = try await registry.client()
                .image(try DockerReference("registry.example/x@\(digest)"), for: ManifestTests.linux)
        }
        #expect(named?.code == .downloadError)
    }

    static let platforms: [(wanted: String, entries: [String], chosen: Int?)] = [
        ("linux/amd64", ["linux/arm64", "linux/amd64"], 1),
        ("linux/arm64", ["linux/arm64/v8", "linux/amd64"], 0),
        ("linux/arm", ["linux/arm/v6", "linux/arm/v7"], 0),
        ("linux/arm/v7", ["linux/arm/v6", "linux/arm/v7"], 1),
        ("linux/arm/v5", ["linux/arm/v6", "linux/arm/v7"], nil),
        ("linux/x86_64", ["linux/amd64"], 0),
        ("linux/amd64", ["windows/amd64", "unknown/unknown"], nil),
        ("linux/amd64", ["unknown/unknown", "linux/amd64/v3", "linux/amd64"], 2),
        ("linux/amd64", [""], 0), ("linux/amd64", ["", ""], nil), ("linux/amd64", [], nil),
    ]

    @Test(arguments: platforms)
    func anIndexGivesThePlatform(wanted: String, entries: [String], chosen: Int?) async throws {
        let texts = entries.indices.map { Piece.manifest([Piece.layer("layer \($0)")]).text() }
        let list = zip(entries, texts).map { name, text in
            let parts = name.split(separator: "/").map { JSONValue.string(String($0)) }
            var platform: JSONObject = [:]
            for (key, value) in zip(["os", "architecture", "variant"], parts) { platform[key] = value }
            return Piece.descriptor(Piece.manifestType, text, name.isEmpty ? [:] : ["platform": .object(platform)])
        }
        var answers = ["manifests/1": FakeRegistry.Answer.json(["manifests": .array(list)], type: Piece.indexType)]
        for text in texts { answers["manifests/\(Piece.digest(text))"] = .text(text, type: Piece.manifestType) }
        let client = try FakeRegistry(answers).client()
        let find = { try await client.image(try DockerReference("registry.example/x:1"), for: try OCIPlatform(wanted)) }
        if let chosen {
            #expect(try await find().layers.first?.digest == Piece.digest("layer \(chosen)"))
        } else {
            let failure = await #expect(throws: Failure.self) { _ = try await find() }
            #expect(failure?.code == .platformNotFound)
        }
    }

    @Test func anIndexThatLeadsToItselfIsRefused() async throws {
        let registry = FakeRegistry { request in
            // Whatever is asked for, it is another index; its digest is never right, so it is refused at the second.
            .json(["manifests": [Piece.descriptor(Piece.indexType, request.url)]], type: Piece.indexType)
        }
        await #expect(throws: Failure.self) {
            _ = try await registry.client()
                .image(try DockerReference("registry.example/x:1"), for: ManifestTests.linux)
        }
        #expect(registry.requests.count < 5)
    }

    @Test func theConfigIsCheckedToo() async throws {
        let manifest = Piece.manifest([Piece.layer("a")])
        for (config, code) in [
            (Piece.config, nil), (Piece.config + " ", Failure.Code.downloadError),
        ] {
            let client = try FakeRegistry([
                "manifests/1": .json(manifest), "blobs/\(Piece.digest(Piece.config))": .text(config),
            ]).client()
            let reference = try DockerReference("registry.example/x:1")
            let image = try await client.image(reference, for: ManifestTests.linux)
            do {
                let found = try await client.config(of: image, reference, for: ManifestTests.linux)
                #expect(code == nil && found.architecture == "amd64")
            } catch let failure as any CodedError {
                #expect(failure.code == code)
            }
        }
    }
}
