import Failure
import ImageCatalog
import ImageMirror
import ImageModel
import JSON
import Synchronization
import Testing

/// What comes into a repository from another server, in which order, and what stays out.
@Suite struct MirrorTests {
    typealias Image = MemoryServer.Image

    /// - Returns: what was told, and the error that it ended with.
    private func mirror(
        _ server: MemoryServer, into repository: MemoryRepository, _ filters: [String] = [], dryRun: Bool = false,
        prunes: Bool = false, keeps: Int? = nil
    ) async -> (lines: [String], error: (any CodedError)?) {
        let lines = Mutex<[String]>([])
        let mirror = ImageMirror(from: server.client, by: server.transport, into: repository) { line in
            lines.withLock { $0.append(line) }
        }
        do {
            try await mirror.run(filters: filters, dryRun: dryRun, prunes: prunes, keeps: keeps)
            return (lines.withLock { $0 }, nil)
        } catch let error as any CodedError {
            return (lines.withLock { $0 }, error)
        } catch {
            Issue.record("an error without a code: \(error)")
            return ([], nil)
        }
    }

    /// One that the source cannot tell of keeps the others from nothing; what builds on it waits.
    @Test func aManifestThatCannotBeHadStopsNoOther() async throws {
        let repository = MemoryRepository()
        let run = await mirror(MemoryServer(Self.images, broken: ["/images/\(uuid(2))"]), into: repository)
        #expect(Set(run.lines) == Set(told([1, 4, 5])))
        let error = try #require(run.error)
        #expect(error.code == .multiError && error.description.contains("\(uuid(2))"), "\(error)")
        #expect(error.description.contains("image \(uuid(3)) was not copied"), "\(error)")
        let again = await mirror(MemoryServer(Self.images), into: repository)
        #expect(again.error == nil && Set(again.lines) == Set(told([2, 3])))
    }

    /// Another mirror, or a server, fills the same repository: what it has brought is not fetched once more, and stays as it is.
    @Test func whatHasComeMeanwhileIsNotFetched() async throws {
        let (repository, other) = (MemoryRepository(), MemoryRepository())
        _ = await mirror(MemoryServer(Self.images), into: other)
        for number in [2, 3] { other[uuid(number)].manifest?["x-brought"] = "by another" }
        let server = MemoryServer(Self.images)
        let lines = Mutex<[String]>([])
        let mirror = ImageMirror(from: server.client, by: server.transport, into: repository) { line in
            lines.withLock { $0.append(line) }
            if line.contains("\(uuid(1))") { for number in [2, 3] { repository[uuid(number)] = other[uuid(number)] } }
        }
        try await mirror.run(filters: [], dryRun: false)
        #expect(Set(server.files) == Set([1, 4, 5].map(uuid)))
        let meanwhile = [2, 3].map { "Image \(uuid($0)) (image-\($0)@1) has come meanwhile" }
        #expect(Set(lines.withLock { $0 }) == Set(told([1, 4, 5]) + meanwhile))
        for number in [2, 3] { #expect(repository[uuid(number)].manifest?["x-brought"] == "by another") }
    }

    /// While the file comes, somebody publishes another image under its UUID.
    @Test func whatWasPublishedMeanwhileStays() async throws {
        let (repository, other) = (MemoryRepository(), MemoryRepository())
        var theirs = Image(1)
        theirs.file = Image(2).file
        theirs.manifest["files"] = Image(2).manifest["files"]
        _ = await mirror(MemoryServer([theirs]), into: other)
        other[uuid(1)].manifest?["published_by"] = "ada"
        let server = MemoryServer([Image(1)])
        server.whenAFileIsAskedFor { repository[uuid(1)] = other[uuid(1)] }
        let run = await mirror(server, into: repository)
        #expect(
            run.error?.code == .downloadError && "\(String(describing: run.error))".contains("\(uuid(1))"), "\(run)")
        #expect(repository[uuid(1)].manifest?["published_by"] == "ada")
        #expect(repository[uuid(1)].manifest?["files"] == other[uuid(1)].manifest?["files"])
        #expect(repository[uuid(1)].parts[.file] == theirs.file)
    }

    @Test func anIconThatFailedIsFetchedByTheNextRun() async throws {
        var image = Image(1)
        image.manifest["icon"] = true
        image.icon = ([1, 2, 3], "image/png")
        let repository = MemoryRepository()
        let run = await mirror(MemoryServer([image], broken: ["/icon"]), into: repository)
        // The image itself is there.
        #expect(run.lines == told([1]) && repository.whole == [uuid(1)])
        #expect(try #require(run.error).description.contains("the icon of image \(uuid(1))"))
        #expect(try await repository.catalog(.now).image(uuid(1))?.icon == nil)
        let again = await mirror(MemoryServer([image]), into: repository)
        #expect(again.error == nil && again.lines.isEmpty)
        #expect(try await repository.catalog(.now).image(uuid(1))?.icon != nil)
    }

    @Test func whatTheSourceWithdrewIsPruned() async throws {
        let repository = MemoryRepository()
        _ = await mirror(MemoryServer(Self.images), into: repository)
        // 1 is gone, but others build on it; 3 and 5 go.
        let fewer = MemoryServer([Image(2, on: 1), Image(4, on: 1)])
        let kept = await mirror(fewer, into: repository)
        #expect(kept.error == nil && repository.whole.count == 5)
        let dry = await mirror(fewer, into: repository, dryRun: true, prunes: true)
        #expect(Set(dry.lines) == Set([3, 5].map { "[dry-run] Pruned image \(uuid($0)) (image-\($0)@1)" }))
        #expect(repository.whole.count == 5)
        let run = await mirror(fewer, into: repository, prunes: true)
        #expect(run.error == nil && Set(run.lines) == Set([3, 5].map { "Pruned image \(uuid($0)) (image-\($0)@1)" }))
        #expect(repository.whole == Set([1, 2, 4].map(uuid)))
        // Once nothing builds on it, it goes as well.
        let last = await mirror(MemoryServer([Image(6)]), into: repository, prunes: true)
        #expect(last.error == nil && repository.whole == [uuid(6)], "\(last)")
        // A source that lists nothing is not believed.
        let none = await mirror(MemoryServer([]), into: repository, prunes: true)
        #expect(none.error?.code == .sourceError && repository.whole == [uuid(6)])
    }

    /// What did not come from this source is none of its business.
    @Test func onlyWhatCameFromTheSourceIsPruned() async throws {
        let repository = MemoryRepository()
        _ = await mirror(MemoryServer([Image(1), Image(2)]), into: repository)
        try await repository.change(uuid(1)) { stored in
            var json = try #require(stored)
            json["published_by"] = "ada"
            return json
        }
        _ = await mirror(MemoryServer([Image(3)]), into: repository, prunes: true)
        #expect(repository.whole == [uuid(1), uuid(3)])
    }

    @Test func ofANameTheNewestAreKept() async throws {
        let images = (1...4).map { number in
            var image = Image(number)
            image.manifest["name"] = .string(number == 4 ? "other" : "web")
            image.manifest["published_at"] = .string("2024-01-0\(number)T00:00:00Z")
            return image
        }
        let repository = MemoryRepository()
        _ = await mirror(MemoryServer(Array(images[..<2])), into: repository)
        _ = await mirror(MemoryServer(images), into: repository, keeps: 1)
        #expect(repository.whole == Set([1, 2, 3, 4].map(uuid)))
        let run = await mirror(MemoryServer(images), into: repository, prunes: true, keeps: 1)
        #expect(run.error == nil && repository.whole == [uuid(3), uuid(4)], "\(run)")
    }

    @Test func aFieldThatNoImageHasIsAUsageError() async throws {
        let run = await mirror(MemoryServer(Self.images), into: MemoryRepository(), ["colour=red"])
        #expect(run.error?.code == .usage && run.lines.isEmpty, "\(run)")
    }

    private func told(_ numbers: [Int], dryRun: Bool = false) -> [String] {
        numbers.map {
            "\(dryRun ? "[dry-run] " : "")Mirrored image \(uuid($0)) (image-\($0)@1)\(dryRun ? ", \(ByteCount.text(1000))" : "")"
        }
    }

    /// A chain, two images on one base, and one by itself.
    private static let images = [Image(1), Image(2, on: 1), Image(3, on: 2), Image(4, on: 1), Image(5)]

    /// What is asked for, what is there already, what comes level by level.
    static let choices: [(filters: [String], there: [Int], levels: [[Int]])] = [
        ([], [], [[1, 5], [2, 4], [3]]), (["name=image-3"], [], [[1], [2], [3]]), (["name=image-5"], [], [[5]]),
        (["name=image-3"], [1], [[2], [3]]), (["name=image-3"], [2], [[3]]), (["name=image-3"], [3], []),
        (["name=~image", "origin=\(uuid(1))"], [], [[1], [2, 4]]), (["name=other"], [], []),
        ([], [1, 2, 3, 4, 5], []),
    ]

    @Test(arguments: choices)
    func whatIsMissingComesWithItsOrigins(filters: [String], there: [Int], levels: [[Int]]) async {
        let server = MemoryServer(Self.images)
        let repository = MemoryRepository()
        for number in there { _ = await mirror(MemoryServer([Image(number)]), into: repository) }
        let before = repository.whole

        let dry = await mirror(server, into: repository, filters, dryRun: true)
        #expect(dry.error == nil && dry.lines == told(levels.flatMap(\.self), dryRun: true))
        #expect(server.files.isEmpty && repository.whole == before)

        let run = await mirror(server, into: repository, filters)
        #expect(run.error == nil && Set(run.lines) == Set(told(levels.flatMap(\.self))))
        #expect(run.lines.count == levels.joined().count)
        #expect(repository.whole == before.union(levels.joined().map(uuid)))
        #expect(repository.cameBeforeTheirOrigin.allSatisfy { image in there.contains { uuid($0) == image } })
        for image in Self.images where levels.joined().contains(Int(image.file[0])) {
            let stored = repository[uuid(Int(image.file[0]))]
            #expect(stored.parts[.file] == image.file)
            #expect(stored.manifest?["published_at"] == image.manifest["published_at"])
        }

        let again = await mirror(server, into: repository, filters)
        #expect(again.error == nil && again.lines.isEmpty)
    }

    /// What is copied at the same time is bounded.
    @Test func threeImagesComeAtATime() async {
        let server = MemoryServer((1...20).map { Image($0) })
        let repository = MemoryRepository()
        #expect(await mirror(server, into: repository).error == nil)
        #expect(repository.whole.count == 20 && server.files.count == 20)
        #expect((1...3).contains(server.mostAtATime))
    }

    enum Fault: String, CaseIterable {
        /// The file has other bytes, or another length, than the manifest says.
        case damaged, short, long
        /// Another digest is stated, of one algorithm or the other.
        case ofAnotherSHA256, ofAnotherSHA512
        /// The manifest says nothing of a file, or not what it is.
        case fileless, unstated
        /// The manifest breaks the rules.
        case nameless, ofAnotherKind

        var code: Failure.Code {
            switch self {
            case .damaged, .short, .long, .ofAnotherSHA256, .ofAnotherSHA512, .fileless, .unstated: .downloadError
            case .nameless, .ofAnotherKind: .invalidManifest
            }
        }

        func apply(to image: inout Image) {
            switch self {
            case .damaged: image.file[500] ^= 1
            case .short: image.file.removeLast()
            case .long: image.file.append(0)
            case .ofAnotherSHA256: image.state(digest: "sha256:" + String(repeating: "0", count: 64))
            case .ofAnotherSHA512: image.state(digest: "sha512:" + String(repeating: "0", count: 128))
            case .fileless: image.manifest["files"] = []
            case .unstated: image.manifest["files"] = [["size": 1000, "compression": "none"]]
            case .nameless: image.manifest["name"] = nil
            case .ofAnotherKind: image.manifest["public"] = false
            }
        }
    }

    /// Nothing of it comes, and nothing of what builds on it; the others do.
    @Test(arguments: Fault.allCases)
    func anImageThatIsNotInOrderStaysOut(fault: Fault) async throws {
        var images = Self.images
        fault.apply(to: &images[1])
        let repository = MemoryRepository()
        let run = await mirror(MemoryServer(images), into: repository)
        let error = try #require(run.error)
        #expect(error.code == .multiError && "\(error)".contains("2 errors: \(fault.code): "), "\(error)")
        #expect("\(error)".contains(uuid(2).description) && "\(error)".contains(uuid(3).description), "\(error)")
        #expect(repository.whole == Set([1, 4, 5].map(uuid)) && repository.cameBeforeTheirOrigin.isEmpty)
        #expect(repository[uuid(2)].manifest == nil && repository[uuid(3)].manifest == nil)
        // Once it is mended, the same command brings what was missing.
        let again = await mirror(MemoryServer(Self.images), into: repository)
        #expect(again.error == nil && again.lines == told([2, 3]))
    }

    /// What is stated of the file by a SHA-512 holds; what is no digest is told, and keeps nothing from coming.
    @Test func theDigestThatIsStatedIsChecked() async throws {
        var images = [Image(1), Image(2)]
        images[0].state(digest: "\(ContentDigest(.sha512, of: images[0].file))")
        images[1].state(digest: "sha256:0")
        let repository = MemoryRepository()
        let run = await mirror(MemoryServer(images), into: repository)
        #expect(run.error == nil && repository.whole == Set([1, 2].map(uuid)), "\(run)")
        for (place, image) in images.enumerated() {
            let digest = repository[uuid(place + 1)].manifest?["files"]?[0]?["digest"]
            #expect(digest == .string("\(ContentDigest(.sha256, of: image.file))"))
        }
        #expect(
            run.lines.filter { $0.hasPrefix("warning: ") } == [
                "warning: the file of image \(uuid(2)) is not checked by the files.0.digest of its manifest: \"sha256:0\" is not a digest"
            ], "\(run)")
    }

    /// What builds on it cannot come; the others do.
    @Test func anOriginThatTheServerDoesNotHaveIsTold() async throws {
        let repository = MemoryRepository()
        let run = await mirror(MemoryServer([Image(2, on: 1), Image(3)]), into: repository)
        let error = try #require(run.error)
        #expect(error.code == .originNotFoundInSource, "\(error)")
        #expect("\(error)".contains(uuid(1).description) && "\(error)".contains(uuid(2).description), "\(error)")
        #expect(repository.whole == [uuid(3)])
    }

    /// Chains that have no end, and one that is too long: how many images, and on which the last one builds.
    static let endless = [(count: 1, last: 1), (count: 2, last: 1), (count: 1100, last: 1101)]

    @Test(arguments: endless) func aChainOfOriginsEnds(count: Int, last: Int) async throws {
        let images = (1...count).map { Image($0, on: $0 == count ? last : $0 + 1) }
        let repository = MemoryRepository()
        let run = await mirror(MemoryServer(images), into: repository, ["name=image-1"])
        #expect(try #require(run.error).code == .originCycle)
        #expect(repository.whole.isEmpty)
    }

    @Test func aFilterThatIsNoneIsTold() async throws {
        let run = await mirror(MemoryServer(Self.images), into: MemoryRepository(), ["nonsense"])
        #expect(try #require(run.error).code == .usage)
    }

    /// A run that was killed, or somebody's hand, has left a manifest without its file, or a file without a manifest.
    @Test(arguments: [true, false]) func whatIsThereByHalfComesAnew(hasManifest: Bool) async {
        let repository = MemoryRepository()
        let server = MemoryServer(Self.images)
        #expect(await mirror(server, into: repository, ["name=image-1"]).error == nil)
        if hasManifest {
            repository[uuid(1)].parts[.file] = nil
        } else {
            repository[uuid(1)].manifest = nil
        }
        let run = await mirror(server, into: repository, ["name=image-1"])
        #expect(run.error == nil && run.lines == told([1]) && repository.whole == [uuid(1)])
    }

    /// What is there already is somebody's, and stays as it is.
    @Test func whatIsThereStays() async {
        let repository = MemoryRepository()
        #expect(await mirror(MemoryServer([Image(1)]), into: repository).error == nil)
        repository[uuid(1)].manifest?["description"] = "ours"
        var theirs = Image(1)
        theirs.manifest["description"] = "theirs"
        #expect(await mirror(MemoryServer([theirs, Image(2, on: 1)]), into: repository).error == nil)
        #expect(repository[uuid(1)].manifest?["description"] == "ours")
        #expect(repository.whole == Set([1, 2].map(uuid)))
    }

    static let icons: [(type: String, bytes: [UInt8], comes: Bool)] = [
        ("image/png", [1, 2, 3], true), ("image/svg+xml", [1, 2, 3], false), ("image/png", [], false),
    ]

    @Test(arguments: icons) func anIconComesIfItIsOne(type: String, bytes: [UInt8], comes: Bool) async {
        var image = Image(1)
        image.manifest["icon"] = true
        image.icon = (bytes, type)
        let repository = MemoryRepository()
        let run = await mirror(MemoryServer([image]), into: repository)
        #expect(run.error == nil && repository.whole == [uuid(1)])
        #expect(repository[uuid(1)].parts[.icon] == (comes ? bytes : nil))
        #expect(repository[uuid(1)].manifest?["icon"]?["contentType"]?.stringValue == (comes ? type : nil))
    }
}
