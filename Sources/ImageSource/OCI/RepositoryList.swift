import Failure
import ImageModel
import JSON
import Logging
import OCIRegistry

/// The active images of a repository, as they are listed and kept.
struct RepositoryList: Sendable {
    let images: [ListedImage]
    /// What is known of those whose tags had to be looked at, since the index did not have them.
    private let looked: [JSONSlice]
    let bytes: [UInt8]

    /// - Parameter log: is told what cannot be listed.
    init(_ survey: ImageSurvey, source: String, log: Logger) throws {
        var active: [JSONValue] = []
        var looked: [JSONValue] = []
        for image in survey.images.values.sorted(by: { $0.uuid < $1.uuid }) {
            if survey.looked.contains(image.uuid) {
                looked.append([
                    "uuid": .string(image.uuid.description), "digest": .string(image.digest.description),
                    "size": .number(JSONNumber(Int(image.size))), "manifest": .object(image.json),
                ])
            }
            do {
                let manifest = try Manifest(try Self.served(image))
                if manifest.isActive { active.append(.object(manifest.json)) }
            } catch {
                log.info("left out of a list", metadata: ["image": "\(image.uuid)", "reason": "\(error)"])
            }
        }
        var bytes: [UInt8] = []
        JSONValue.object(["images": .array(active), "looked": .array(looked)]).write(to: &bytes)
        try self.init(bytes, source: source)
    }

    /// As it was kept.
    ///
    /// - Throws: `SourceError` for what is no list.
    init(_ bytes: [UInt8], source: String) throws {
        func bad(_ cause: (any Error)?) -> Failure {
            Failure(.sourceError, "what is kept of \(source) is no list of images", cause: cause)
        }
        let document: JSONDocument
        do {
            document = try JSONDocument(bytes)
        } catch {
            throw bad(error)
        }
        guard let images = document.root["images"]?.arrayValue, let others = document.root["looked"]?.arrayValue
        else { throw bad(nil) }
        self.images = images.compactMap { image in
            image["uuid"]?.stringValue.flatMap { ImageUUID($0) }.map { ListedImage(uuid: $0, manifest: image) }
        }
        looked = others
        self.bytes = bytes
    }

    /// What was known of the images whose tags had to be looked at.
    var known: [ImageUUID: IndexedImage] {
        var known: [ImageUUID: IndexedImage] = [:]
        for image in looked {
            guard let uuid = image["uuid"]?.stringValue.flatMap({ ImageUUID($0) }),
                let digest = image["digest"]?.stringValue.flatMap({ ContentDigest($0) }),
                let size = image["size"]?.intValue, let json = image["manifest"]?.value.objectValue
            else { continue }
            known[uuid] = IndexedImage(uuid: uuid, digest: digest, size: Int64(size), json: json)
        }
        return known
    }

    /// The manifest of an image as its users see it. Channels are an image server's business.
    ///
    /// - Throws: `InvalidManifest`, also for one of another image; `ManifestValidation`.
    static func served(_ image: IndexedImage) throws -> JSONObject {
        let form = try ServedForm(image.json, isPublic: true)
        guard form.uuid == image.uuid else {
            throw Failure(.invalidManifest, "the tag \(image.uuid) leads to the manifest of image \(form.uuid)")
        }
        var json = form.json
        json["channels"] = nil
        return json
    }
}
