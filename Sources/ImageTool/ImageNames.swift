public import Failure
import IMGAPI
public import ImageModel
public import ImageSource
import JSON

extension ImageTool {
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
        let chosen = try ImageTool.choose(
            Array(found.values), called: name.description, isLatest: name.exactVersion == nil)
        return (chosen?.uuid, failures)
    }

    /// What the images of the sources are called, as far as the sources answer.
    ///
    /// - Parameter sources: those to ask; the configured ones if empty.
    /// - Throws: `NoSources`.
    public func availableNames(from sources: [SourceDescriptor] = []) async throws -> Set<String> {
        Set(try await listedImages(from: sources).images.flatMap(\.image.names))
    }

    /// The one image that a word names.
    ///
    /// - Parameter isLatest: of several, the one published last.
    /// - Throws: `AmbiguousName`.
    static func choose(_ images: [Manifest], called word: String, isLatest: Bool) throws(Failure) -> Manifest? {
        // An image may be on several pools.
        let distinct = Dictionary(images.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first }).values
            .sorted { (moment($0), $0.uuid) < (moment($1), $1.uuid) }
        if isLatest || distinct.count <= 1 { return distinct.last }
        let some = distinct.suffix(10).map { "\($0.uuid) (\($0.title))" }.joined(separator: ", ")
        let more = distinct.count > 10 ? ", and \(distinct.count - 10) more" : ""
        throw Failure(
            .ambiguousName, "\(distinct.count) images are called \"\(word)\": \(some)\(more)",
            hint: Set(distinct.map(\.title)).count == distinct.count
                ? "a UUID, or NAME@VERSION, says which" : "only a UUID says which")
    }

    private static func moment(_ manifest: Manifest) -> String { manifest["published_at"]?.stringValue ?? "" }
}
