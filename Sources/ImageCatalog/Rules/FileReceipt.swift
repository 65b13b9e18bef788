import Crypto
import Host
public import ImageModel
public import JSON
import NIOCore
import NIOPosix
import Time

/// What is known of a file that is taken in: what was stated of it, and what came.
public struct FileReceipt: Sendable {
    /// What an icon may be.
    public static let iconTypes = ["image/jpeg", "image/gif", "image/png"]

    public let part: ImagePart
    private let most: Int64
    /// As stated, in lower-case hex.
    public var sha1: String?
    /// As stated, in bytes.
    public var size: Int64?
    /// What the manifest will have of it, beside size and digests.
    public var description: JSONObject = [:]

    private var received: Int64 = 0
    private var sha1Hash = Insecure.SHA1()
    private var md5Hash = Insecure.MD5()

    /// - Parameter most: bytes it may have.
    public init(_ part: ImagePart, most: Int64) {
        self.part = part
        self.most = most
    }

    /// - Throws: `tooLarge` for one that announces too much.
    func checkAnnouncement() throws(CatalogError) {
        guard size ?? 0 <= most else { throw tooLarge }
    }

    /// - Throws: `tooLarge` when it becomes too much.
    mutating func note(_ piece: ByteBuffer) async throws {
        received += Int64(piece.readableBytes)
        guard received <= most else { throw tooLarge }
        self = try await BlockingIO.writing.runIfActive { [self] in
            var hashed = self
            unsafe piece.withUnsafeReadableBytes { bytes in
                unsafe hashed.sha1Hash.update(bufferPointer: bytes)
                unsafe hashed.md5Hash.update(bufferPointer: bytes)
            }
            return hashed
        }
    }

    /// - Returns: what the manifest has of the file.
    /// - Throws: `notAsAnnounced`.
    func finish() throws(CatalogError) -> JSONObject {
        guard received > 0 else { throw refusal("the file is empty") }
        guard size == nil || size == received else {
            throw refusal("the file has \(received) bytes, but \(size ?? 0) were announced")
        }
        let digest = Hexadecimal.text(sha1Hash.finalize())
        guard sha1 == nil || sha1 == digest else {
            throw refusal("the file has the sha1 \(digest), but \"\(sha1 ?? "")\" was stated")
        }
        var json: JSONObject = ["sha1": .string(digest), "size": .number(JSONNumber(Int(received)))]
        for (key, value) in description where json[key] == nil { json[key] = value }
        json["contentMD5"] = .string(Base64.text(Array(md5Hash.finalize())))
        json["mtime"] = .string(Timestamp.now().description)
        return json
    }

    /// It is not what was stated.
    public func refusal(_ why: String) -> CatalogError {
        .notAsAnnounced(part, why)
    }

    private var tooLarge: CatalogError { .tooLarge(most) }
}
