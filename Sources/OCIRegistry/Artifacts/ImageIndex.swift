public import ImageModel
import JSON
import Logging
import Transport

/// The images of a repository, under one tag: an OCI image index whose descriptors have, as annotations, the manifests of the images
/// that were activated. One that grows large is split, by the digits of the UUIDs, into indexes that it leads to.
///
/// It is a hint, so that a list costs one request where nothing has changed. Each image's own tag has the last word: registries
/// know no compare-and-swap, so that of two writers one may undo what the other has entered, and who reads compares it
/// with the list of tags (see ``ImageSurvey``).
public struct ImageIndex: Sendable {
    /// The tag; those of its parts have the digits of theirs behind it, that registries' garbage collection knows them. No
    /// image's name is one of these: it has a `-` in it.
    public static let tag = "index"

    /// What is under the tag.
    public let digest: ContentDigest
    /// By the digits with which the UUIDs begin that it has.
    private(set) var leaves: [String: Leaf]

    struct Leaf: Sendable {
        let digest: ContentDigest
        let images: [ImageUUID: IndexedImage]
    }

    /// All that it has; an image that stands where it does not belong is not looked for there either.
    public var images: [ImageUUID: IndexedImage] {
        var all: [ImageUUID: IndexedImage] = [:]
        for (digits, leaf) in leaves {
            for (uuid, image) in leaf.images where uuid.description.hasPrefix(digits) { all[uuid] = image }
        }
        return all
    }

    static func tag(_ digits: String) -> String { digits.isEmpty ? tag : "\(tag).\(digits)" }
}

extension RemoteRepository {
    /// The digest of the index; nil if there is none. One request.
    public func indexDigest() async throws -> ContentDigest? {
        let what = "the index of \(description)"
        let reply = try await find(
            .manifestDigest, url("manifests/\(ImageIndex.tag)"), [("Accept", MediaType.index)],
            limit: limits.artifactBytes, what: what)
        guard let reply else { return nil }
        if let digest = reply.headers["docker-content-digest"].flatMap({ ContentDigest($0) }) { return digest }
        return try await manifest(ImageIndex.tag, accepting: [MediaType.index], what: what)
            .map { ContentDigest(.sha256, of: $0) }
    }

    /// The index, of which what is known is not fetched again; nil if there is none, or none that can be used.
    ///
    /// - Throws: `SourceError` for more than ``RegistryLimits/indexBytes``; `ConnectionError`, `Unauthorized`.
    public func index(knowing known: ImageIndex? = nil) async throws -> ImageIndex? {
        let what = "the index of \(description)"
        guard let content = try await manifest(ImageIndex.tag, accepting: [MediaType.index], what: what) else {
            return nil
        }
        let digest = ContentDigest(known?.digest.algorithm ?? .sha256, of: content)
        if let known, known.digest == digest { return known }
        var reading = IndexReading(knownLeaves: known?.leaves ?? [:], room: limits.indexBytes)
        do {
            try await read(content, digest, "", &reading)
        } catch let error as InvalidArtifact {
            log.warning("the index cannot be used", metadata: ["reason": "\(error)"])
            return nil
        }
        return ImageIndex(digest: digest, leaves: reading.leaves)
    }

    private struct IndexReading {
        let knownLeaves: [String: ImageIndex.Leaf]
        /// Bytes that may still come.
        var room: Int
        let start = ContinuousClock.now
        var leaves: [String: ImageIndex.Leaf] = [:]
    }

    private func read(
        _ content: [UInt8], _ digest: ContentDigest, _ digits: String, _ reading: inout IndexReading
    ) async throws {
        reading.room -= content.count
        guard reading.room >= 0, reading.start.duration(to: .now) < settings.replyTimeout else {
            throw InvalidArtifact("the index of \(description) has no end")
        }
        switch try ImageIndexNode(content: content, what: "the part \"\(digits)\" of the index of \(description)") {
        case .images(let images): reading.leaves[digits] = ImageIndex.Leaf(digest: digest, images: images)
        case .parts(let parts):
            guard digits.utf8.count < ImageIndexNode.deepest else {
                throw InvalidArtifact("the index of \(description) has too many levels")
            }
            for (digit, part) in parts.sorted(by: { $0.key < $1.key }) {
                let digits = "\(digits)\(digit)"
                if let leaf = reading.knownLeaves[digits], leaf.digest == part.digest {
                    reading.leaves[digits] = leaf
                } else if let content = try await indexPart(part, digits) {
                    try await read(content, part.digest, digits, &reading)
                }
            }
        }
    }

    /// A part of the index; nil where the registry has cleared it away, or has something else: its images are found by their tags.
    func indexPart(_ part: BlobDescriptor, _ digits: String) async throws -> [UInt8]? {
        let what = "the part \"\(digits)\" of the index of \(description)"
        guard let content = try await manifest("\(part.digest)", accepting: [MediaType.index], what: what) else {
            return nil
        }
        guard ContentDigest(part.digest.algorithm, of: content) == part.digest else {
            log.warning("a part of the index has another digest", metadata: ["part": "\(part.digest)"])
            return nil
        }
        return content
    }

    /// The bytes of a manifest; nil if there is none.
    func manifest(_ reference: String, accepting types: [String], what: String) async throws -> [UInt8]? {
        try await find(
            .manifest, url("manifests/\(reference)"), [("Accept", types.joined(separator: ", "))],
            limit: limits.artifactBytes, what: what)?.body
    }
}
