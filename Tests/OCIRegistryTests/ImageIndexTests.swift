import Failure
import ImageModel
import JSON
import OCIRegistry
import Testing

/// The index of a repository: what writers keep, and what readers make of it.
@Suite struct ImageIndexTests {
    private let registry = MemoryRegistry()

    /// - Parameter number: makes the UUID, by its last digits, or by its first.
    private func uuid(_ number: Int, first: Bool = false) throws -> ImageUUID {
        let digits = String(number + 0x1000_0000, radix: 16)
        return try #require(
            ImageUUID(
                first
                    ? "\(digits.suffix(3))00000-0000-4000-8000-000000000000"
                    : "6b6be30a-2b59-4f5b-8b9c-4d61\(digits.suffix(8))"))
    }

    /// Puts images, none of which is in the index yet.
    @discardableResult
    private func put(
        _ uuids: [ImageUUID], activated: Bool = true, description: String = "x"
    ) async throws -> [StoredImage] {
        let repository = try registry.client()
        var stored: [StoredImage] = []
        for uuid in uuids {
            stored.append(
                try await repository.put(
                    [
                        "v": 2, "uuid": .string(uuid.description), "name": "web", "version": "1.0", "type": "zvol",
                        "os": "linux", "activated": .bool(activated), "description": .string(description),
                    ], [], as: uuid))
        }
        return stored
    }

    private func enter(_ uuids: [ImageUUID]) async throws {
        let repository = try registry.client()
        try await repository.enterInIndex(Set(uuids)) { try await repository.image($0)?.indexed }
    }

    private func survey(knowing index: ImageIndex? = nil) async throws -> ImageSurvey {
        let repository = try registry.client()
        return try await repository.survey(knowing: index) { try await repository.image($0)?.indexed }
    }

    @Test func whatIsEnteredIsReadBackInOneRequestAndTheTags() async throws {
        let uuids = try (1...20).map { try uuid($0) }
        let stored = try await put(uuids)
        try await enter(uuids)
        _ = registry.requests()
        let survey = try await survey()
        #expect(registry.requests() == ["GET manifests/index", "GET tags/list?n=1000"])
        #expect(survey.images.count == 20 && survey.looked.isEmpty && survey.unindexed.isEmpty)
        for image in stored {
            let found = try #require(survey.images[image.uuid])
            #expect(found.digest == image.digest && found.json == image.json)
        }
        // Nothing has changed: one request tells.
        #expect(try await registry.client().indexDigest() == survey.index?.digest)
        #expect(registry.requests() == ["HEAD manifests/index"])
        // Entering it again changes nothing.
        try await enter(uuids)
        #expect(registry.requests().allSatisfy { !$0.hasPrefix("PUT") })
    }

    @Test func isAnIndexThatOtherToolsRead() async throws {
        try await put([uuid(1)])
        try await enter([uuid(1)])
        let json = try JSONValue(parsing: try #require(registry.tag("index")))
        #expect(json["mediaType"] == "application/vnd.oci.image.index.v1+json" && json["schemaVersion"] == 2)
        let entry = json["manifests"]?[0]
        #expect(entry?["artifactType"] == "application/vnd.imgadm.image.v1")
        #expect(entry?["annotations"]?["org.opencontainers.image.title"] == "web")
        #expect(entry?["annotations"]?["vnd.imgadm.image.state"] == "active")
        #expect(registry.tag(try uuid(1).description)?.count == entry?["size"]?.intValue)
    }

    /// Of two writers one may undo what the other has entered, and one may die before he enters anything.
    @Test func whatTheIndexLacksIsFoundByItsTag() async throws {
        let (known, lost) = (try uuid(1), try uuid(2))
        try await put([known])
        try await enter([known])
        let index = registry.tag("index")
        try await put([lost])
        try await enter([lost])
        registry.put(String(decoding: try #require(index), as: UTF8.self), as: "index")
        let survey = try await survey()
        #expect(Set(survey.images.keys) == [known, lost])
        #expect(survey.unindexed == [lost] && survey.looked == [lost])
        try await enter(Array(survey.unindexed))
        #expect(try await self.survey().unindexed.isEmpty)
    }

    @Test func whatHasNoTagIsGoneWhateverTheIndexSays() async throws {
        try await put([uuid(1), uuid(2)])
        try await enter([uuid(1), uuid(2)])
        let gone = try uuid(2)
        registry.change { $0.tags[gone.description] = nil }
        let survey = try await survey()
        let kept = try uuid(1)
        #expect(Set(survey.images.keys) == [kept] && survey.unindexed == [gone])
        try await enter([gone])
        #expect(try await self.survey().unindexed.isEmpty)
    }

    /// Registries refuse an index that leads to a manifest that was deleted.
    @Test func anIndexThatLeadsToWhatWasDeletedIsMadeAnew() async throws {
        let uuids = try (1...3).map { try uuid($0) }
        let stored = try await put(Array(uuids[..<2]))
        try await enter(Array(uuids[..<2]))
        try await registry.client().delete(stored[0].digest)
        try await put([uuids[2]])
        try await enter([uuids[2]])
        let survey = try await survey()
        #expect(Set(survey.images.keys) == Set(uuids[1...]) && survey.unindexed.isEmpty)
    }

    @Test func anImageThatIsNotActiveYetIsInNoIndex() async throws {
        try await put([uuid(1)], activated: false)
        try await enter([uuid(1)])
        let waiting = try await survey()
        let one = try uuid(1)
        #expect(Set(waiting.images.keys) == [one] && waiting.unindexed.isEmpty)
        #expect(waiting.index?.images.isEmpty == true)
        try await put([uuid(1)])
        #expect(try await survey().unindexed == [one])
    }

    @Test func whatSomebodyEntersMeanwhileStays() async throws {
        let (mine, theirs) = (try uuid(1), try uuid(2))
        try await put([mine, theirs])
        try await enter([theirs])
        let theirIndex = String(decoding: try #require(registry.tag("index")), as: UTF8.self)
        registry.change { $0.tags["index"] = nil }
        registry.put(
            #"{"schemaVersion":2,"artifactType":"application/vnd.imgadm.index.v1","manifests":[]}"#, as: "index")
        // Between our reading and our writing, once.
        let digest = ContentDigest(.sha256, of: Array(theirIndex.utf8)).description
        registry.interfering { request, state in
            guard request == "HEAD manifests/index", state.tags["index"] != digest,
                !state.requests.contains("interfered")
            else { return }
            state.tags["index"] = digest
            state.requests.append("interfered")
        }
        try await enter([mine])
        registry.interfering(nil)
        #expect(try await survey().unindexed.isEmpty)
    }

    @Test func oneThatGrowsLargeIsSplitAndWrittenInParts() async throws {
        let uuids = try (0..<96).map { try uuid($0 * 37, first: true) }
        let stored = try await put(uuids, description: String(repeating: "x", count: 40_000))
        try await enter(uuids)
        let tags = try await registry.client().tags()
        #expect(tags.contains("index.0") && !tags.contains { $0.hasPrefix("index-") })
        let before = try await survey()
        #expect(before.images.count == 96 && before.unindexed.isEmpty)
        #expect(
            before.images.mapValues(\.digest) == Dictionary(uniqueKeysWithValues: stored.map { ($0.uuid, $0.digest) }))

        // One image changes: its part and the top are written, and nothing else is read again.
        try await put([uuids[5]], description: "y")
        _ = registry.requests()
        try await enter([uuids[5]])
        #expect(registry.requests().filter { $0.hasPrefix("PUT manifests") }.count <= 3)
        let after = try await survey(knowing: before.index)
        let read = registry.requests().filter { $0.hasPrefix("GET manifests") }
        #expect(read.count <= 3 && read.first == "GET manifests/index", "\(read)")
        #expect(after.images.count == 96 && after.unindexed.isEmpty && after.looked.isEmpty)
        #expect(after.images[uuids[5]]?.json["description"] == "y")

        // A part that was cleared away: its images are found all the same, and entered again.
        registry.change { state in
            let part = state.tags.removeValue(forKey: "index.0")
            state.manifests[part ?? ""] = nil
        }
        let cleared = try await survey()
        #expect(cleared.images.count == 96 && !cleared.unindexed.isEmpty)
        try await enter(Array(cleared.unindexed))
        #expect(try await survey().unindexed.isEmpty)
    }

    static let notOurs = [
        "", "[]", "{}", "{\"schemaVersion\":2,\"manifests\":[]}",
        #"{"artifactType":"application/vnd.imgadm.index.v1"}"#,
        #"{"artifactType":"application/vnd.imgadm.index.v1","manifests":{}}"#,
        #"{"artifactType":"application/vnd.imgadm.index.v1","manifests":[{"annotations":{"vnd.imgadm.index.digit":"../x"}}]}"#,
        #"{"artifactType":"application/vnd.imgadm.index.v1","manifests":[{"annotations":{"vnd.imgadm.index.digit":"1"}}]}"#,
        #"{"artifactType":"application/vnd.imgadm.index.v1","manifests":"# + String(repeating: "[", count: 100_000),
    ]

    /// A tag of somebody else is left alone, and what cannot be read is as if it were not there.
    @Test(arguments: notOurs)
    func whatIsNoIndexOfOursIsLeftAlone(content: String) async throws {
        try await put([uuid(1)])
        registry.put(content, as: "index")
        let survey = try await survey()
        let one = try uuid(1)
        #expect(survey.index == nil && Set(survey.images.keys) == [one])
        await #expect(throws: (any Error).self) { try await enter([uuid(1)]) }
        #expect(registry.tag("index") == Array(content.utf8))
    }

    static let lies: [String] = [
        #""digest":"sha256:short","size":1,"annotations":{"vnd.imgadm.image.manifest":"{}"}"#,
        #""size":-1,"annotations":{"vnd.imgadm.image.manifest":"{}"}"#,
        #""size":1,"annotations":{"vnd.imgadm.image.manifest":"{\"uuid\":\"../../etc\"}"}"#,
        #""size":1,"annotations":{"vnd.imgadm.image.manifest":"not json"}"#,
        #""size":1,"annotations":{"vnd.imgadm.image.manifest":5}"#,
        #""size":1,"annotations":[]"#,
    ]

    @Test(arguments: lies)
    func anEntryThatMakesNoSenseSaysNothing(entry: String) async throws {
        let stored = try await put([uuid(1)])
        registry.put(
            """
            {"schemaVersion":2,"artifactType":"application/vnd.imgadm.index.v1","manifests":[5,{
            "mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\(stored[0].digest)",\(entry)}]}
            """, as: "index")
        let survey = try await survey()
        let one = try uuid(1)
        #expect(survey.index?.images.isEmpty == true && Set(survey.images.keys) == [one])
    }

    @Test func anIndexWithoutEndIsLeft() async throws {
        try await put([uuid(1)])
        // Parts of parts of parts.
        var digest = registry.put(#"{"artifactType":"application/vnd.imgadm.index.v1","manifests":[]}"#, as: "last")
        for _ in 0..<8 {
            digest = registry.put(
                """
                {"artifactType":"application/vnd.imgadm.index.v1","manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json",
                "digest":"\(digest)","size":1,"annotations":{"vnd.imgadm.index.digit":"6"}}]}
                """, as: "index")
        }
        #expect(try await survey().index == nil)
        // More bytes than there may be.
        var limits = RegistryLimits()
        limits.indexBytes = 10
        registry.put(#"{"artifactType":"application/vnd.imgadm.index.v1","manifests":[]}"#, as: "index")
        #expect(try await registry.client(limits: limits).index() == nil)
        limits.images = 0
        await #expect(throws: (any Error).self) { try await registry.client(limits: limits).survey { _ in nil } }
    }

    /// What stands in for a part, and a digest that it has not.
    static let parts: [(content: String, digest: ContentDigest?)] = [
        ("x", ContentDigest(.sha256, of: [1])), ("x", nil), ("{}", nil), ("", nil),
        (#"{"schemaVersion":2,"artifactType":"application/vnd.imgadm.index.v1","manifests":7}"#, nil),
    ]

    @Test(arguments: parts)
    func aPartThatIsNoneIsMadeAnew(part: (content: String, digest: ContentDigest?)) async throws {
        try await put([uuid(1)])
        let digest = part.digest ?? ContentDigest(.sha256, of: Array(part.content.utf8))
        registry.change { $0.manifests["\(digest)"] = Array(part.content.utf8) }
        registry.put(
            """
            {"artifactType":"application/vnd.imgadm.index.v1","manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json",
            "digest":"\(digest)","size":1,"annotations":{"vnd.imgadm.index.digit":"6"}}]}
            """, as: "index")
        let found = try await survey()
        let one = try uuid(1)
        #expect(Set(found.images.keys) == [one] && found.unindexed == [one])
        try await enter([uuid(1)])
        let mended = try await survey()
        #expect(mended.unindexed.isEmpty && mended.looked.isEmpty && mended.images.count == 1)
    }
}
