import Failure
import ImageModel

/// An argument that names an image: a UUID, or a docker reference (docker.md, "References").
enum ImageArgument {
    case uuid(ImageUUID)
    case reference(DockerReference)

    /// - Throws: `Usage` for what is neither.
    init(_ text: String) throws(Failure) {
        if let uuid = ImageUUID(text) {
            self = .uuid(uuid)
            return
        }
        do {
            self = .reference(try DockerReference(text))
        } catch {
            throw Failure(
                .usage, "invalid image-id arg: \"\(text)\" is neither a UUID nor a docker reference", cause: error)
        }
    }
}
