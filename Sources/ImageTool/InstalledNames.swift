public import Failure
public import ImageModel
import ImageStore
public import ZFS

/// What a word names of what is installed.
public struct InstalledName: Sendable, Hashable {
    public let uuid: ImageUUID
    /// The word, where it was a docker reference.
    public let reference: DockerReference?
}

extension ImageTool {
    /// An installed image, by UUID, by a prefix of at least four digits of it that only one has, by name, or by what docker calls it.
    ///
    /// - Parameter pool: nil for all pools.
    /// - Throws: `ImageNotInstalled`; `InvalidUUID` for what can be none of that; `AmbiguousName`.
    public func installed(_ text: String, in pool: PoolName?) async throws -> ImageUUID {
        try await named(text, in: pool).uuid
    }

    /// An installed image by a word that could have been the name of a file, and is none.
    ///
    /// - Throws: as ``installed(_:in:)``, and says first that there is no such file, which may be what was meant.
    public func installed(_ text: String, noFileIn pool: PoolName) async throws -> ImageUUID {
        do {
            return try await installed(text, in: pool)
        } catch let error as any CodedError where ImageUUID(typed: text) == nil {
            throw Failure(
                error.code, "there is no file \"\(text)\" here, and as an image: \(error.message)",
                cause: error.cause, hint: error.hint)
        }
    }

    /// An installed image of all pools, on which a docker reference may have led to different images.
    ///
    /// - Throws: as ``installed(_:in:)``.
    public func allInstalled(_ text: String) async throws -> [ImageUUID] {
        guard let reference = InstalledWord(text).reference, ImageUUID(typed: text) == nil else {
            return [try await named(text, in: nil).uuid]
        }
        let images = try await store.images()
        var found: Set<ImageUUID> = []
        for images in Dictionary(grouping: images, by: \.pool).values {
            if let name = try InstalledWord(text).find(among: images), name.reference == reference {
                found.insert(name.uuid)
            }
        }
        return found.count > 1 ? found.sorted() : [try await named(text, in: nil).uuid]
    }

    /// An installed image, and by what it was named.
    ///
    /// - Throws: as ``installed(_:in:)``.
    public func named(_ text: String, in pool: PoolName?) async throws -> InstalledName {
        if let uuid = ImageUUID(typed: text) { return InstalledName(uuid: uuid, reference: nil) }
        let word = InstalledWord(text)
        let images = try await store.images()
        if let name = try word.find(among: images.filter { pool == nil || $0.pool == pool }) { return name }
        let hint = "imgadm list shows the images"
        guard word.isName else {
            throw Failure(.invalidUUID, "\"\(text)\" is neither a UUID nor the name of an image", hint: hint)
        }
        let missing = ImageNotInstalled(text, pool, hint: nil)
        let explained = await explained(missing, among: images)
        throw explained.hint == nil ? ImageNotInstalled(text, pool, hint: hint) : explained
    }

    /// An installed image by its name, its reference or the beginning of its UUID; nil if there is none.
    ///
    /// - Parameter pool: nil for all pools.
    /// - Throws: `AmbiguousName`.
    public func image(named text: String, in pool: PoolName?) async throws -> ImageUUID? {
        let images = try await store.images()
        return try InstalledWord(text).find(among: images.filter { pool == nil || $0.pool == pool })?.uuid
    }

    /// The pool on which a word names an installed image, if perhaps not alone; nil if it names none.
    public func poolOfInstalled(_ text: String) async throws -> PoolName? {
        let images = try await store.images()
        if let uuid = ImageUUID(typed: text) { return images.first { $0.uuid == uuid }?.pool }
        return images.first(where: InstalledWord(text).fits)?.pool
    }

    /// The error with what may have been meant, or where the image is, if that is known; `PoolNotFound` if there is no such pool.
    public func explained(_ missing: ImageNotInstalled) async -> any CodedError {
        // Without a list there is no hint, and the error that there is counts; here and below.
        guard missing.hint == nil, let images = try? await store.images() else { return missing }
        return await explained(missing, among: images)
    }

    private func explained(_ missing: ImageNotInstalled, among images: [InstalledImage]) async -> any CodedError {
        let hint = ImageTool.hint(for: missing.asked, in: missing.pool, among: images)
        if let pool = missing.pool, let pools = try? await store.pools(), !pools.contains(pool) {
            do {
                _ = try await store.look(for: [], in: pool).room()
            } catch let error as any CodedError {
                return Failure(error.code, error.message, cause: error.cause, hint: hint ?? error.hint)
            } catch {}
        }
        return hint.map { ImageNotInstalled(missing.asked, missing.pool, hint: $0) } ?? missing
    }

    /// - Parameter images: those of all pools.
    static func hint(for asked: String, in pool: PoolName?, among images: [InstalledImage]) -> String? {
        let word = InstalledWord(asked)
        let path = asked.prefix { $0 != "@" }
        if path.contains("/"), let uuid = path.split(separator: "/").last.flatMap({ ImageUUID(typed: String($0)) }),
            let image = images.first(where: { $0.uuid == uuid })
        {
            return "an image is named without its dataset: -P \(image.pool) \(uuid)"
        }
        if let pool {
            let there = images.filter { $0.pool != pool && word.fits($0) }
            let pools = Set(there.map(\.pool.description)).sorted()
            if let first = pools.first {
                return "it is on zpool \(pools.map { "\"\($0)\"" }.joined(separator: ", ")): -P \(first)"
            }
        }
        let here = images.filter { pool == nil || $0.pool == pool }
        // Of a name that there is, its versions, and of a repository its tags: which of them was meant, who is about to delete it knows best.
        let versions = here.filter { $0.manifest.name != nil && $0.manifest.name == word.name?.name }
        if let hint = list(versions.map(\.manifest.title)) { return hint }
        if let reference = word.reference,
            let hint = list(here.flatMap(\.dockerNames).filter { $0.repository == reference.localName }.map { "\($0)" })
        {
            return hint
        }
        return Suggestion.hint(
            for: asked,
            among: here.flatMap { image in
                let own = image.manifest
                return [own.uuid.description, own.title] + own.names + image.references
                    + image.dockerNames.map(\.repository)
            })
    }

    /// - Returns: nil where there is nothing.
    private static func list(_ titles: [String]) -> String? {
        let last = Array(Set(titles)).sorted().suffix(10)
        guard !last.isEmpty else { return nil }
        return "there is \(last.joined(separator: ", "))\(Set(titles).count > last.count ? " and more" : "")"
    }
}
