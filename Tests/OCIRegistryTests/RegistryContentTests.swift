import Failure
import ImageModel
import JSON
import OCIRegistry
import Testing
import Transport

/// What a reference is taken for that may lead to anything.
@Suite struct RegistryContentTests {
    private static let linux = OCIPlatform(os: "linux", architecture: "amd64")
    private static let disk = RegistryContent.diskType
    private static let reference = try? DockerReference("registry.example/x:1")

    private func holding(_ answers: [String: FakeRegistry.Answer]) async throws -> RegistryHolding {
        let reference = try #require(Self.reference)
        let content = try await FakeRegistry(answers).client().content(reference, for: Self.linux)
        return try content.holding(reference)
    }

    private static func artifact(_ type: String, _ layers: [JSONValue]) -> JSONValue {
        Piece.manifest(layers, type.isEmpty ? [:] : ["artifactType": .string(type)])
    }

    private static func titled(_ type: String, _ title: String) -> JSONValue {
        Piece.descriptor(type, title, ["annotations": ["org.opencontainers.image.title": .string(title)]])
    }

    @Test func layersAreLayersAndFilesAreFiles() async throws {
        let image = try await holding(["manifests/1": .json(Piece.manifest([Piece.layer("a"), Piece.layer("b")]))])
        guard case .layers(let layers) = image else { throw Failure(.internalError, "\(image)") }
        #expect(layers.map(\.digest) == ["a", "b"].map(Piece.digest))
        for (manifest, name) in [
            (
                Self.artifact("application/x", [Self.titled("application/octet-stream", "../../dir/web.qcow2")]),
                "web.qcow2"
            ),
            (Self.artifact("", [Self.titled("application/zstd", "disk.raw.zst")]), "disk.raw.zst"),
            (Self.artifact("", [Piece.descriptor(Self.disk, "d")]), "disk.raw.zst"),
            (
                Self.artifact(
                    "application/x", [Piece.layer("a"), Piece.descriptor("application/vnd.oci.empty.v1+json", "{}")]),
                ""
            ),
        ] {
            let found = try await holding(["manifests/1": .json(manifest)])
            guard case .files(let files) = found else { throw Failure(.internalError, "\(found)") }
            #expect(files.map(\.name) == [name])
        }
    }

    @Test func ofAnIndexThatIsTakenWhichThisMachineRuns() async throws {
        func entry(_ name: String, _ more: JSONObject) -> JSONValue { Piece.descriptor(Piece.manifestType, name, more) }
        let wanted = Self.artifact("application/x", [Self.titled("application/zstd", "right.raw.zst")]).text()
        let other = Self.artifact("application/x", [Self.titled("application/zstd", "wrong.raw.zst")]).text()
        let amd: JSONValue = ["os": "linux", "architecture": "x86_64"]
        let indexes: [[JSONValue]] = [
            [entry(other, ["platform": ["os": "linux", "architecture": "arm64"]]), entry(wanted, ["platform": amd])],
            [
                entry(other, ["platform": amd, "annotations": ["disktype": "applehv"]]),
                entry(wanted, ["platform": amd, "annotations": ["disktype": "qemu"]]),
            ],
            [entry(wanted, [:])],
            [
                entry(wanted, ["artifactType": "application/x"]),
                entry(other, ["platform": ["os": "unknown", "architecture": "unknown"]]),
            ],
        ]
        for index in indexes {
            let found = try await holding([
                "manifests/1": .json(["schemaVersion": 2, "manifests": .array(index)], type: Piece.indexType),
                "manifests/\(Piece.digest(wanted))": .text(wanted, type: Piece.manifestType),
                "manifests/\(Piece.digest(other))": .text(other, type: Piece.manifestType),
            ])
            guard case .files(let files) = found else { throw Failure(.internalError, "\(found)") }
            #expect(files.map(\.name) == ["right.raw.zst"])
        }
    }

    static let refused: [(manifest: String, code: String)] = [
        ("", "SourceError"), ("[]", "SourceError"), ("{}", "SourceError"), ("{\"manifests\":[5]}", "SourceError"),
        ("{\"manifests\":[],\"layers\":[],\"config\":{}}", "SourceError"),
        ("{\"manifests\":[]}", "PlatformNotFound"),
        (Piece.manifest([["digest": "sha256:../../x", "size": 1]]).text(), "SourceError"),
        (Piece.manifest([["digest": .string("\(Piece.digest("a"))"), "size": -1]]).text(), "SourceError"),
        (Piece.manifest((0..<513).map { Piece.layer("\($0)") }).text(), "UnsupportedImage"),
        (artifact("application/vnd.cirruslabs.tart.config.v1", []).text(), "UnsupportedImage"),
        (artifact("", [Piece.layer("a", type: "application/vnd.cirruslabs.tart.disk.v2")]).text(), "UnsupportedImage"),
        (artifact("application/x", []).text(), "UnsupportedImage"),
        (
            artifact("application/x", [Piece.layer("a", type: "application/vnd.kubevirt.disk.raw+zstd+encrypted")])
                .text(),
            "UnsupportedImage"
        ),
        (
            JSONValue.object([
                "manifests": [
                    Piece.descriptor(Piece.manifestType, "a", ["annotations": ["disktype": "hyperv"]])
                ]
            ]).text(), "UnsupportedImage"
        ),
        (
            JSONValue.object([
                "manifests": [Piece.descriptor(Piece.manifestType, "a"), Piece.descriptor(Piece.manifestType, "b")]
            ])
            .text(), "UnsupportedImage"
        ),
    ]

    @Test(arguments: refused) func whatMakesNoSenseIsRefused(_ one: (manifest: String, code: String)) async throws {
        let error = await #expect(throws: (any Error).self) {
            _ = try await holding(["manifests/1": .text(one.manifest)])
        }
        #expect((error as? any CodedError)?.failure.code.rawValue == one.code, "\(String(describing: error))")
    }

    /// An index that leads to itself has an end.
    @Test func indexesInIndexesHaveAnEnd() async throws {
        let registry = FakeRegistry { _ in
            .text(
                JSONValue.object(["manifests": [Piece.descriptor(Piece.indexType, "next")]]).text(),
                type: Piece.indexType)
        }
        let reference = try #require(Self.reference)
        await #expect(throws: (any Error).self) { _ = try await registry.client().content(reference, for: Self.linux) }
        #expect(registry.requests.count <= 4)
    }

    /// What was sent is there once, wherever it lies in the registry.
    @Test(arguments: [(201, true), (202, false), (401, false), (404, false), (500, false)])
    func aBlobIsMountedOrSent(_ status: Int, _ isThere: Bool) async throws {
        let registry = FakeRegistry { request in
            request.method == "POST"
                ? FakeRegistry.Answer(status: status, headers: [("Location", "/v2/x/blobs/uploads/1")]) : nil
        }
        let blob = BlobDescriptor(mediaType: "x", digest: Piece.digest("a"), size: 1)
        let repository = try registry.client().repository("x")
        #expect(try await repository.mount(blob, from: "other/y") == isThere)
        #expect(
            registry.requests.first?.url.hasSuffix(
                "blobs/uploads/?mount=sha256%3A\(Piece.digest("a").hex)&from=other%2Fy") == true)
        #expect(registry.requests.contains { $0.method == "DELETE" } == (status == 202))
    }
}
