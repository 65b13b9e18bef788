import Failure
import ImageModel
import JSON
import Logging
import NIOCore
import TestClock
import Testing
import Transport

@testable import OCIRegistry

/// What becomes of every answer that a registry may give, and of those that it may not.
@Suite struct RegistryAnswerTests {
    static let meanings: [(operation: RegistryOperation, done: Set<Int>, absent: Set<Int>, passing: Set<Int>)] = [
        (.ping, [200, 401], [], []),
        (.manifest, [200], [404], []), (.manifestDigest, [200], [404], []), (.tags, [200], [404], []),
        (.blob, [200], [], []), (.blobPresence, [200], [404], []),
        (.beginUpload, [202], [], []), (.chunk, [201, 202, 204], [], Set([416, 429] + Array(500...599))),
        (.mount, [201, 202], [], []),
        (.uploadProgress, [200, 202, 204], [], Set([429] + Array(500...599))),
        (.endUpload, [201], [], Set([429] + Array(500...599))),
        (.cancelUpload, [200, 202, 204], [404], []), (.putManifest, [200, 201], [], []),
        (.deleteManifest, [200, 202, 204], [404], []),
    ]

    @Test func everyOperationIsInTheTable() {
        #expect(Set(RegistryAnswerTests.meanings.map(\.operation)) == Set(RegistryOperation.allCases))
    }

    @Test(arguments: meanings)
    func everyStatusMeansOneThing(
        operation: RegistryOperation, done: Set<Int>, absent: Set<Int>, passing: Set<Int>
    ) {
        for status in 100...599 {
            let expected: RegistryOperation.Meaning =
                done.contains(status)
                ? .done : absent.contains(status) ? .absent : passing.contains(status) ? .passing : .refused
            #expect(operation.meaning(of: status) == expected, "\(operation) \(status)")
        }
    }

    /// What is asked, by a name, and what it comes to.
    enum Question: String, CaseIterable, Sendable {
        case digest, artifact, tags, content, has, put, delete
    }

    static let blob = BlobDescriptor(mediaType: "x", digest: ContentDigest(.sha256, of: Array("blob".utf8)), size: 4)

    private func ask(_ question: Question, _ answer: FakeRegistry.Answer) async throws -> String {
        let registry = FakeRegistry { _ in answer }
        let repository = try registry.client().repository("a/b")
        switch question {
        case .digest: return try await repository.digest(of: "1").map { "\($0)" } ?? "none"
        case .artifact: return try await repository.artifact("1").map { "\($0.manifest.blobs.count)" } ?? "none"
        case .tags: return try await repository.tags().joined(separator: ",")
        case .content:
            return String(decoding: try await repository.content(of: RegistryAnswerTests.blob), as: UTF8.self)
        case .has: return "\(try await repository.has(RegistryAnswerTests.blob))"
        case .put:
            let manifest = ArtifactManifest(artifactType: "x", config: RegistryAnswerTests.blob, blobs: [.empty])
            return "\(try await repository.put(manifest, as: "1"))".isEmpty ? "" : "put"
        case .delete:
            try await repository.delete(RegistryAnswerTests.blob.digest)
            return "deleted"
        }
    }

    private static func text(_ body: String) -> FakeRegistry.Answer { .text(body) }

    static let faults: [(question: Question, answer: FakeRegistry.Answer, outcome: String)] = [
        (.digest, .init(status: 404), "none"), (.digest, .init(status: 401), "Unauthorized"),
        (.digest, .init(status: 500), "SourceError"), (.digest, .init(status: 200), "SourceError"),
        (.digest, .init(headers: [("Docker-Content-Digest", "\(blob.digest)")]), "\(blob.digest)"),
        (.digest, .init(headers: [("Docker-Content-Digest", "sha256:short")]), "SourceError"),
        (.artifact, .init(status: 404), "none"), (.artifact, .init(status: 403), "Unauthorized"),
        (.artifact, text("{"), "SourceError"), (.artifact, text("[]"), "SourceError"),
        (.artifact, text("{\"schemaVersion\":2}"), "SourceError"),
        (
            .artifact, text("{\"schemaVersion\":2,\"config\":{\"digest\":\"x\",\"size\":1},\"layers\":[]}"),
            "SourceError"
        ),
        (.artifact, text("{\"schemaVersion\":2,\"config\":\(blob.json.text()),\"layers\":[5]}"), "SourceError"),
        (.artifact, text("{\"schemaVersion\":2,\"config\":\(blob.json.text()),\"layers\":[]}"), "0"),
        (.artifact, text(String(repeating: " ", count: (8 << 20) + 1)), "SourceError"),
        (.tags, .init(status: 404), ""), (.tags, text("{\"tags\":null}"), ""), (.tags, text("{}"), ""),
        (.tags, text("{\"tags\":[\"a\",\"b\"]}"), "a,b"), (.tags, text("{\"tags\":[1]}"), "SourceError"),
        (.tags, text("{\"tags\":\"a\"}"), "SourceError"), (.tags, text("nothing"), "SourceError"),
        (.tags, .init(status: 502), "SourceError"),
        (
            .tags, .init(headers: [("Link", "<https://elsewhere.example/v2>; rel=\"next\"")], body: Array("{}".utf8)),
            "SourceError"
        ),
        (
            .tags, .init(headers: [("Link", "</v2/a/b/tags/list?n=1>; rel=\"next\"")], body: Array("{}".utf8)),
            "SourceError"
        ),
        (.content, text("blob"), "blob"), (.content, text("blub"), "DownloadError"),
        (.content, text(""), "DownloadError"), (.content, .init(status: 404), "ImageNotFound"),
        (.content, .init(status: 503), "SourceError"), (.content, .init(status: 206), "SourceError"),
        (.has, .init(status: 200), "true"), (.has, .init(status: 404), "false"),
        (.has, .init(status: 403), "Unauthorized"), (.has, .init(status: 429), "SourceError"),
        (.put, .init(status: 201), "put"), (.put, .init(status: 400), "UploadError"),
        (.put, .init(status: 404), "UploadError"), (.put, .init(status: 403), "Unauthorized"),
        (.put, .init(status: 503), "UploadError"),
        (.delete, .init(status: 202), "deleted"), (.delete, .init(status: 404), "deleted"),
        (.delete, .init(status: 405), "UploadError"), (.delete, .init(status: 500), "UploadError"),
    ]

    @Test(arguments: faults)
    func whatAnAnswerComesTo(question: Question, answer: FakeRegistry.Answer, outcome: String) async throws {
        do {
            #expect(try await ask(question, answer) == outcome, "\(question) \(answer.status)")
        } catch let failure as any CodedError {
            #expect("\(failure.code)" == outcome, "\(question) \(answer.status): \(failure)")
        }
    }

    /// A registry that takes an upload and says what a test wants when chunks come.
    private func upload(_ answers: [FakeRegistry.Answer]) async throws -> [String] {
        let place = FakeRegistry.Answer(status: 202, headers: [("Location", "/v2/a/b/blobs/uploads/1")])
        let script = Script([place] + answers)
        let registry = FakeRegistry { _ in script.next() }
        let upload = try await BlobUpload.begin(in: registry.client().repository("a/b"))
        try await upload.append(Array("blob".utf8))
        _ = try await upload.finish(mediaType: "x")
        return registry.requests.map { "\($0.method) \($0.headers.first { $0.name == "Content-Range" }?.value ?? "")" }
    }

    @Test func aChunkThatWasLostIsSentFromWhereTheRegistryHasIt() async throws {
        let requests = try await upload([
            .init(status: 503), .init(status: 204, headers: [("Range", "0-1")]), .init(status: 202), .init(status: 201),
        ])
        #expect(requests == ["POST ", "PATCH 0-3", "GET ", "PATCH 2-3", "PUT "])
    }

    @Test func aRegistryThatHasTooMuchToDoIsWaitedForAtEveryStep() async throws {
        let busy = [FakeRegistry.Answer](repeating: .init(status: 429), count: 7)
        let place = FakeRegistry.Answer(status: 202, headers: [("Location", "/v2/a/b/blobs/uploads/1")])
        let end = [FakeRegistry.Answer.init(status: 429), .init(status: 404), .init(status: 201)]
        let script = Script(busy + [place] + [.init(status: 202)] + end)
        let registry = FakeRegistry { _ in script.next() }
        let upload = try await BlobUpload.begin(in: registry.client().repository("a/b"))
        try await upload.append(Array("blob".utf8))
        _ = try await upload.finish(mediaType: "x")
        #expect(registry.requests.suffix(5).map(\.method) == ["POST", "PATCH", "PUT", "HEAD", "PUT"])
        #expect(registry.requests.count == 12)
    }

    @Test func anEndWhoseAnswerIsBadMayBeOne() async throws {
        let requests = try await upload([.init(status: 202), .init(status: 500), .init(status: 200)])
        #expect(requests == ["POST ", "PATCH 0-3", "PUT ", "HEAD "])
    }

    static let badUploads: [[FakeRegistry.Answer]] = [
        [.init(status: 400)], [.init(status: 404)],
        [.init(status: 416), .init(status: 204, headers: [("Range", "0-9")])],
        [.init(status: 416), .init(status: 204, headers: [("Range", "0-9223372036854775807")])],
        [.init(status: 416), .init(status: 204, headers: [("Range", "nonsense")])],
        [.init(status: 500), .init(status: 404)], Array(repeating: .init(status: 500), count: 12),
        [.init(status: 202), .init(status: 400), .init(status: 404)],
    ]

    @Test(arguments: badUploads)
    func anUploadThatIsNotTakenIsAnError(answers: [FakeRegistry.Answer]) async throws {
        let failure = await #expect(throws: (any Error).self) { _ = try await upload(answers) }
        #expect((failure as? any CodedError)?.code == .uploadError, "\(failure.map { "\($0)" } ?? "")")
    }
}
