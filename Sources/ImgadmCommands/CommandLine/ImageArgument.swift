import Failure
import ImageModel

/// An argument that names an image: a UUID, or a docker reference (docker.md, "References").
enum ImageArgument {
    case uuid(ImageUUID)
    case dockerReference(String)

    /// - Throws: `Usage` for what is neither.
    init(_ text: String) throws(Failure) {
        if let uuid = ImageUUID(text) {
            self = .uuid(uuid)
        } else if ImageArgument.looksLikeReference(text) {
            self = .dockerReference(text)
        } else {
            throw Failure(.usage, "invalid image-id arg: \"\(text)\" is neither a UUID nor a docker reference")
        }
    }

    /// - Throws: `NotImplemented` for a docker reference.
    func uuid() throws(Failure) -> ImageUUID {
        switch self {
        case .uuid(let uuid): uuid
        case .dockerReference(let text):
            throw Failure(.notImplemented, "\"\(text)\" is a docker reference, and docker images are not there yet")
        }
    }

    /// `[HOST[:PORT]/]REPO[:TAG|@DIGEST]` in its outline; nothing that an option, a path or a shell would make of it.
    private static func looksLikeReference(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 1024, isAlphanumeric(first) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "._-/:@".utf8.contains($0) }
            && !text.contains("//") && !text.contains("..") && !text.hasSuffix("/") && !text.hasSuffix(":")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
