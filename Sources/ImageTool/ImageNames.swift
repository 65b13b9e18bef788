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
        let (found, failures) = try await manifests(WantedImages(name, type: type), from: sources, channel: channel)
        let chosen = try ImageTool.choose(found, called: name.description, isLatest: name.exactVersion == nil)
        return (chosen?.uuid, failures)
    }

    /// An active image of the sources, by the first digits of its UUID, if no other UUID begins so.
    ///
    /// - Parameters: as of ``available(_:from:channel:type:)-(ImageName,_,_,_)``.
    /// - Throws: `AmbiguousName`.
    public func available(
        _ beginning: UUIDBeginning, from sources: [SourceDescriptor] = [], channel: String? = nil,
        type: ImageType? = nil
    ) async throws -> (uuid: ImageUUID?, failures: [Failure]) {
        let (found, failures) = try await manifests(WantedImages(type: type), from: sources, channel: channel) {
            beginning.fits($0.uuid)
        }
        let fitting = found.filter { type == nil || $0.imageType == type }
        return (try ImageTool.choose(fitting, called: "\(beginning)", isLatest: false)?.uuid, failures)
    }

    /// What the sources list, each UUID as the first of them has it.
    private func manifests(
        _ wanted: WantedImages, from sources: [SourceDescriptor], channel: String?,
        where fits: (ListedImage) -> Bool = { _ in true }
    ) async throws -> ([Manifest], failures: [Failure]) {
        let descriptors = sources.isEmpty ? try configuredSources().map(\.descriptor) : sources
        let asked = try asked(descriptors, channel: channel)
        let answers = try await asking(asked) { try await $0.list(wanted) }
        var found: [ImageUUID: Manifest] = [:]
        var failures: [Failure] = []
        for (source, answer) in zip(asked, answers) {
            switch answer {
            case .success(let images):
                // A source that cannot list has none of a name, and what is no manifest has no name.
                for image in images ?? [] where found[image.uuid] == nil && fits(image) {
                    // A source has made sure that it is one.
                    if let manifest = try? Manifest(image.manifest.value) { found[image.uuid] = manifest }
                }
            case .failure(let failure): failures.append(ImageTool.about(source, failure))
            }
        }
        return (Array(found.values), failures)
    }

    /// Says which versions there are of a name that there is, where another was asked for; the last few of many.
    public static func versions(of name: ImageName, among images: [ListedImage]) -> String? {
        guard name.exactVersion != nil else { return nil }
        let versions = Set(images.filter { $0.names.contains(name.name) }.compactMap(\.version)).sorted()
        guard !versions.isEmpty else { return nil }
        let more = versions.count > 10 ? ", and \(versions.count - 10) more" : ""
        return "there is \(versions.suffix(10).map { "\(name.name)@\($0)" }.joined(separator: ", "))\(more)"
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
        let hint =
            switch Set(distinct.map(\.title)).count {
            case distinct.count: "a UUID, or NAME@VERSION, says which"
            case 1: "only a UUID says which"
            default: "a UUID says which, or NAME@VERSION where only one has that"
            }
        throw Failure(
            .ambiguousName, "\(distinct.count) images are called \"\(word)\": \(some)\(more)", hint: hint)
    }

    private static func moment(_ manifest: Manifest) -> String { manifest["published_at"]?.stringValue ?? "" }
}
