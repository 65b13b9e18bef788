public import Failure
import IMGAPI
public import ImageModel
public import ImageSource
import ImageStore
import JSON
public import ZFS

extension ImageTool {
    /// An installed image, by UUID, by a prefix of at least four digits of it that only one has, or by name.
    ///
    /// - Parameter pool: nil for all pools.
    /// - Throws: `ImageNotInstalled`; `InvalidUUID` for what can be none of that; `AmbiguousName`.
    public func installed(_ text: String, in pool: PoolName?) async throws -> ImageUUID {
        if let uuid = ImageUUID(typed: text) { return uuid }
        let images = try await store.images()
        let here = images.filter { pool == nil || $0.pool == pool }
        if let uuid = try ImageTool.named(text, among: here.map(\.manifest)) { return uuid }
        let hint = "imgadm list shows the images"
        // Why it is no reference is of no interest: it is no name then.
        guard ImageName(text) != nil || (try? DockerReference(text)) != nil else {
            throw Failure(.invalidUUID, "\"\(text)\" is neither a UUID nor the name of an image", hint: hint)
        }
        let missing = ImageNotInstalled(text, pool, hint: nil)
        let explained = await explained(missing, among: images)
        throw explained.hint == nil ? ImageNotInstalled(text, pool, hint: hint) : explained
    }

    /// The error with what may have been meant, or where the image is, if that is known.
    public func explained(_ missing: ImageNotInstalled) async -> ImageNotInstalled {
        // Without a list there is no hint, and the error that there is counts; here and below.
        guard missing.hint == nil, let images = try? await store.images() else { return missing }
        return await explained(missing, among: images)
    }

    private func explained(_ missing: ImageNotInstalled, among images: [InstalledImage]) async -> ImageNotInstalled {
        var hint = ImageTool.hint(for: missing.asked, in: missing.pool, among: images)
        if hint == nil, let pool = missing.pool, let pools = try? await store.pools(), !pools.contains(pool) {
            hint = "there is no zpool \"\(pool)\"; -P chooses one, and zpool list shows them"
        }
        return hint.map { ImageNotInstalled(missing.asked, missing.pool, hint: $0) } ?? missing
    }

    /// - Parameter images: those of all pools.
    static func hint(for asked: String, in pool: PoolName?, among images: [InstalledImage]) -> String? {
        if let pool {
            let there = images.filter { $0.pool != pool && ImageTool.isNamed(asked, $0.manifest) }
            let pools = Set(there.map(\.pool.description)).sorted()
            if let first = pools.first {
                return "it is on zpool \(pools.map { "\"\($0)\"" }.joined(separator: ", ")): -P \(first)"
            }
        }
        let here = images.filter { pool == nil || $0.pool == pool }.map(\.manifest)
        // Of a name that there is, another version.
        let name = ImageName(asked)?.name
        if let other = here.last(where: { $0.name != nil && $0.name == name }) {
            return "did you mean \"\(other.title)\"?"
        }
        return Suggestion.hint(
            for: asked, among: here.flatMap { [$0.uuid.description, $0.name, $0.title].compactMap(\.self) })
    }

    /// The image that has the name, or alone begins with these digits.
    ///
    /// - Throws: `AmbiguousName`.
    private static func named(_ text: String, among images: [Manifest]) throws(Failure) -> ImageUUID? {
        if let name = ImageName(text) {
            let named = images.filter { name.fits($0) }
            if let image = try choose(named, name, isLatest: name.version == "latest") { return image.uuid }
        }
        guard isPrefix(text) else { return nil }
        let found = images.filter { $0.uuid.description.hasPrefix(text) }
        return try choose(found, ImageName(text), isLatest: false)?.uuid
    }

    private static func isNamed(_ text: String, _ image: Manifest) -> Bool {
        ImageName(text)?.fits(image) ?? false || isPrefix(text) && image.uuid.description.hasPrefix(text)
    }

    /// Digits of a UUID, enough to look for.
    private static func isPrefix(_ text: String) -> Bool {
        text.utf8.count >= 4 && text.utf8.allSatisfy { "0123456789abcdef-".utf8.contains($0) }
    }

    /// An active image of the sources, by name: of those of several versions the one published last.
    ///
    /// - Parameters:
    ///   - sources: those to ask; the configured ones if empty.
    ///   - channel: of all of them, in place of their own; sources without channels are not asked then.
    ///   - type: nil where it does not matter.
    /// - Returns: nil if no source has one of that name, and what kept sources from answering.
    /// - Throws: `AmbiguousName` where several images have that name and version.
    public func available(
        _ name: ImageName, from sources: [SourceDescriptor] = [], channel: String? = nil, type: ImageType? = nil
    ) async throws -> (uuid: ImageUUID?, failures: [Failure]) {
        let descriptors = sources.isEmpty ? try configuredSources().map(\.descriptor) : sources
        let asked = try asked(descriptors, channel: channel)
        let wanted = WantedImages(name, type: type)
        let answers = try await asking(asked) { try await $0.list(wanted) }
        var found: [ImageUUID: Manifest] = [:]
        var failures: [Failure] = []
        for (source, answer) in zip(asked, answers) {
            switch answer {
            case .success(let images):
                // A source that cannot list has none of a name, and what is no manifest has no name.
                for image in images ?? [] where found[image.uuid] == nil {
                    // A source has made sure that it is one.
                    if let manifest = try? Manifest(image.manifest.value) { found[image.uuid] = manifest }
                }
            case .failure(let failure): failures.append(ImageTool.about(source, failure))
            }
        }
        let chosen = try ImageTool.choose(Array(found.values), name, isLatest: name.exactVersion == nil)
        return (chosen?.uuid, failures)
    }

    /// What the images of the sources are called, as far as the sources answer.
    ///
    /// - Throws: `NoSources`.
    public func availableNames() async throws -> Set<String> {
        let name: FieldPath = "name"
        return Set(try await listedImages().images.compactMap { name.find(in: $0.image.manifest)?.value.stringValue })
    }

    /// - Parameter isLatest: of several, the one published last.
    private static func choose(_ images: [Manifest], _ name: ImageName?, isLatest: Bool) throws(Failure) -> Manifest? {
        // An image may be on several pools.
        let distinct = Dictionary(images.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first }).values
            .sorted { (moment($0), $0.uuid) < (moment($1), $1.uuid) }
        if isLatest || distinct.count <= 1 { return distinct.last }
        let some = distinct.suffix(10).map { "\($0.uuid) (\($0.title))" }.joined(separator: ", ")
        let more = distinct.count > 10 ? ", and \(distinct.count - 10) more" : ""
        throw Failure(
            .ambiguousName, "\(distinct.count) images are called \"\(name?.description ?? "")\": \(some)\(more)",
            hint: Set(distinct.map(\.title)).count == distinct.count
                ? "a UUID, or NAME@VERSION, says which" : "only a UUID says which")
    }

    private static func moment(_ manifest: Manifest) -> String { manifest["published_at"]?.stringValue ?? "" }
}
