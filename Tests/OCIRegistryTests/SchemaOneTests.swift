import Failure
import ImageModel
import JSON
import OCIRegistry
import Testing

/// Docker's first manifests (Docker "Image Manifest Version 2, Schema 1").
@Suite struct SchemaOneTests {
    private static let linux = OCIPlatform(os: "linux", architecture: "amd64")
    /// As a registry keeps it: indented, newest layer first, layers that changed nothing repeated.
    private static let unsigned = """
        {
           "schemaVersion": 1,
           "name": "x",
           "tag": "1",
           "architecture": "amd64",
           "fsLayers": [
              {"blobSum": "\(Piece.digest("c"))"},
              {"blobSum": "\(Piece.digest("b"))"},
              {"blobSum": "\(Piece.digest("b"))"},
              {"blobSum": "\(Piece.digest("a"))"}
           ],
           "history": [
              {"v1Compatibility": "{\\"os\\":\\"linux\\",\\"created\\":\\"2016-01-02T03:04:05Z\\",\\"container_config\\":{\\"Cmd\\":[\\"make\\",\\"it\\"]}}"}
           ]
        """

    /// With a signature, whose header says where the signed text ends.
    private static let signed: String = {
        let header = "{\"formatLength\":\(unsigned.utf8.count),\"formatTail\":\"\(Base64.text(Array("\n}".utf8)))\"}"
        let protected = Base64.text(Array(header.utf8))
        return unsigned + ",\n   \"signatures\": [{\"signature\": \"x\", \"protected\": \"\(protected)\"}]\n}"
    }()

    private func client(_ text: String, digest: ContentDigest? = nil) throws -> RegistryClient {
        var answer = FakeRegistry.Answer.text(text, type: "application/vnd.docker.distribution.manifest.v1+prettyjws")
        if let digest { answer.headers.append(("Docker-Content-Digest", digest.description)) }
        return try FakeRegistry(["manifests/1": answer]).client()
    }

    @Test(arguments: [unsigned + "\n}", signed])
    func layersAreTurnedRoundAndRepetitionsDropped(text: String) async throws {
        let reference = try DockerReference("registry.example/x:1")
        let client = try client(text)
        let image = try await client.image(reference, for: SchemaOneTests.linux)
        #expect(image.layers.map(\.digest) == ["a", "b", "c"].map(Piece.digest))
        let config = try await client.config(of: image, reference, for: SchemaOneTests.linux)
        #expect(config.created == "2016-01-02T03:04:05Z" && config.buildCommand == ["make", "it"])
        #expect(config.diffIDs.isEmpty)
    }

    @Test func theDigestIsOfWhatWasSigned() async throws {
        let reference = try DockerReference("registry.example/x:1")
        let payload = Piece.digest(SchemaOneTests.unsigned + "\n}")
        let image = try await client(SchemaOneTests.signed, digest: payload)
            .image(reference, for: SchemaOneTests.linux)
        #expect(image.digest == payload)
        let whole = Piece.digest(SchemaOneTests.signed)
        await #expect(throws: Failure.self) {
            _ = try await client(SchemaOneTests.signed, digest: whole).image(reference, for: SchemaOneTests.linux)
        }
    }

    @Test func anotherPlatformIsRefused() async throws {
        let failure = await #expect(throws: Failure.self) {
            _ = try await client(SchemaOneTests.signed)
                .image(try DockerReference("registry.example/x:1"), for: try OCIPlatform("linux/arm64"))
        }
        #expect(failure?.code == .platformNotFound)
    }
}
