import Failure
public import ImageModel
import Logging
import Time
import Transport

extension RemoteRepository {
    /// How it is tried to enter something while others write, too: those who met do not meet again a moment later.
    private static let entering = Backoff(
        tries: 6, firstPause: .milliseconds(20), longestPause: .milliseconds(500), isSpread: true)

    /// Makes the index say of some images what their tags say now. Where there is no index, one of all images is made; a tag of
    /// somebody else is left alone.
    ///
    /// - Parameter look: looks at the tag of an image; nil if there is none.
    /// - Throws: `UploadError`, also when others are always quicker; `ConnectionError`, `Unauthorized`; what `look` throws.
    public func enterInIndex(
        _ uuids: Set<ImageUUID>, look: @escaping @Sendable (ImageUUID) async throws -> IndexedImage?
    ) async throws {
        var isWhole = false
        let others = Failure(.uploadError, "the index of \(description) is written by others all the time")
        try await RemoteRepository.entering(by: settings.clock) { _ in
            let what = "the index of \(description)"
            let content = try await manifest(ImageIndex.tag, accepting: MediaType.manifests, what: what)
            let before = content.map { ContentDigest(.sha256, of: $0) }
            let node = try content.map { content throws(InvalidArtifact) in
                try ImageIndexNode(content: content, what: what)
            }
            // What is looked at after the index was read cannot be older than what others have entered.
            let asked = node == nil ? try await imageTags() : isWhole ? try await allKnown().union(uuids) : uuids
            let changes = try await looking(at: asked) { [log] uuid in
                do {
                    return try await look(uuid).flatMap { $0.isActivated ? $0 : nil }
                } catch let error where error is InvalidArtifact || error is AnswerTooLarge {
                    log.info("not entered in the index", metadata: ["image": "\(uuid)", "reason": "\(error)"])
                    return nil
                }
            }
            do {
                let new = try await edit(node ?? .images([:]), "", changes).content
                let digest = ContentDigest(.sha256, of: new)
                if before == digest { return .done(()) }
                if before != nil, try await indexDigest() != before { return .passing(.failure(others)) }
                try await putIndex(new, ImageIndex.tag)
                // Who wrote in the same moment may have put something else in its place.
                if try await indexDigest() == digest { return .done(()) }
            } catch let refusal as RegistryRefusal where refusal.kind != .unauthorized && !isWhole {
                // A registry takes no index that leads to what is gone.
                log.info("the index is made anew", metadata: ["reason": "\(refusal)"])
                isWhole = true
            }
            return .passing(.failure(others))
        }
    }

    /// The images that have tags, or stand in the index.
    private func allKnown() async throws -> Set<ImageUUID> {
        let indexed = try await index()?.images.keys.map { $0 } ?? []
        return try await imageTags().union(indexed)
    }

    /// What is found out of some images, several at a time.
    func looking<Found: Sendable>(
        at uuids: Set<ImageUUID>, _ look: @escaping @Sendable (ImageUUID) async throws -> Found
    ) async throws -> [ImageUUID: Found] {
        try await withThrowingTaskGroup(of: (ImageUUID, Found).self) { group in
            var waiting = Array(uuids)[...]
            var found: [ImageUUID: Found] = [:]
            for _ in 0..<RemoteRepository.window {
                guard let uuid = waiting.popFirst() else { break }
                group.addTask { (uuid, try await look(uuid)) }
            }
            while let (uuid, image) = try await group.next() {
                found.updateValue(image, forKey: uuid)
                guard let uuid = waiting.popFirst() else { continue }
                group.addTask { (uuid, try await look(uuid)) }
            }
            return found
        }
    }

    /// How many tags are looked at at a time.
    private static let window = 16

    /// The images that have tags.
    func imageTags() async throws -> Set<ImageUUID> {
        let tags = Set(try await tags().compactMap { ImageUUID($0) })
        guard tags.count <= limits.images else {
            throw Failure(.sourceError, "\(description) has \(tags.count) images, more than \(limits.images)")
        }
        return tags
    }

    private func putIndex(_ content: [UInt8], _ tag: String) async throws {
        _ = try await require(
            .putManifest, url("manifests/\(tag)"), [("Content-Type", MediaType.index)], body: content,
            what: "the index \"\(tag)\" of \(description)")
    }

    /// A part of the index with changes; parts below it are in the registry then.
    ///
    /// - Parameter digits: those with which the UUIDs begin that it has.
    private func edit(
        _ node: ImageIndexNode, _ digits: String, _ changes: [ImageUUID: IndexedImage?]
    ) async throws -> ImageIndexNode {
        let depth = digits.utf8.count
        func grouped<Value>(_ images: [ImageUUID: Value]) -> [Character: [ImageUUID: Value]] {
            var groups: [Character: [ImageUUID: Value]] = [:]
            for (uuid, image) in images {
                groups[ImageIndexNode.digit(of: uuid, after: depth), default: [:]].updateValue(image, forKey: uuid)
            }
            return groups
        }
        switch node {
        case .images(var images):
            for (uuid, image) in changes { images[uuid] = image }
            let edited = ImageIndexNode.images(images)
            guard depth < ImageIndexNode.deepest, edited.content.count > ImageIndexNode.longest else { return edited }
            var parts: [Character: BlobDescriptor] = [:]
            for (digit, images) in grouped(images) {
                let part = try await edit(.images(images), "\(digits)\(digit)", [:])
                parts[digit] = try await putPart(part, "\(digits)\(digit)")
            }
            return .parts(parts)
        case .parts(var parts):
            for (digit, changes) in grouped(changes) {
                let below = "\(digits)\(digit)"
                var node = ImageIndexNode.images([:])
                if let part = parts[digit], let known = try await indexNode(part, below) {
                    node = known
                } else {
                    parts[digit] = nil
                }
                let edited = try await edit(node, below, changes)
                if ContentDigest(.sha256, of: edited.content) != parts[digit]?.digest {
                    parts[digit] = try await putPart(edited, below)
                }
            }
            return .parts(parts)
        }
    }

    /// A part to be changed; nil for what cannot be used, so that it is made anew: whoever reads it next finds what it lacks.
    private func indexNode(_ part: BlobDescriptor, _ digits: String) async throws -> ImageIndexNode? {
        guard let content = try await indexPart(part, digits) else { return nil }
        do {
            let node = try ImageIndexNode(content: content, what: "the part \"\(digits)\"")
            if case .parts = node, digits.utf8.count >= ImageIndexNode.deepest { return nil }
            return node
        } catch {
            log.warning("a part of the index cannot be used", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    private func putPart(_ node: ImageIndexNode, _ digits: String) async throws -> BlobDescriptor {
        let content = node.content
        try await putIndex(content, ImageIndex.tag(digits))
        return BlobDescriptor(
            mediaType: MediaType.index, digest: ContentDigest(.sha256, of: content), size: Int64(content.count))
    }
}
