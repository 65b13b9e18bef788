public import ImageModel
import Logging
import Transport

/// All images of a repository, as far as its index and its tags tell.
public struct ImageSurvey: Sendable {
    /// Nil if there is none.
    public let index: ImageIndex?
    public let images: [ImageUUID: IndexedImage]
    /// Those whose tags were looked at.
    public let looked: Set<ImageUUID>
    /// Those of which the index does not say what their tags do.
    public let unindexed: Set<ImageUUID>
}

extension RemoteRepository {
    /// Reads the index, and compares it with the list of tags: an image that it does not have is looked at, one whose tag is
    /// gone is gone. That takes as many requests as there are pages of tags, parts of the index that have changed, and images of which
    /// the index says nothing, or something else than what is known of them.
    ///
    /// - Parameters:
    ///   - known: the index as it was.
    ///   - images: what was known of the images.
    ///   - again: those that are looked at whatever the index says.
    ///   - look: looks at the tag of an image.
    /// - Throws: `SourceError`, `ConnectionError`, `Unauthorized`.
    public func survey(
        knowing known: ImageIndex? = nil, _ images: [ImageUUID: ContentDigest] = [:], again: Set<ImageUUID> = [],
        look: @escaping @Sendable (ImageUUID) async throws -> IndexedImage?
    ) async throws -> ImageSurvey {
        // Whoever enters an image in the index has put its tag before.
        let index = try await index(knowing: known)
        let tags = try await imageTags()
        let indexed = index?.images ?? [:]
        let settled = indexed.filter { uuid, image in
            tags.contains(uuid) && !again.contains(uuid) && (images[uuid] ?? image.digest) == image.digest
        }
        let looked = try await looking(at: tags.subtracting(settled.keys)) { [log] uuid in
            do {
                return try await look(uuid)
            } catch let error where error is InvalidArtifact || error is AnswerTooLarge {
                log.warning("skipping a tag", metadata: ["tag": "\(uuid)", "error": "\(error)"])
                return nil
            }
        }
        var unindexed = Set(indexed.keys).subtracting(tags)
        for (uuid, image) in looked where image.flatMap({ $0.isActivated ? $0.digest : nil }) != indexed[uuid]?.digest {
            unindexed.insert(uuid)
        }
        let found = settled.merging(looked.compactMapValues(\.self)) { $1 }
        return ImageSurvey(index: index, images: found, looked: Set(looked.keys), unindexed: unindexed)
    }
}
