import Crypto
import Host
public import ImageModel
public import JSON
import NIOCore
import NIOPosix
import RawBytes
import Time

/// What is known of a file that is taken in: what was stated of it, and what came.
public struct FileReceipt: Sendable {
    /// What an icon may be.
    public static let iconTypes = ["image/jpeg", "image/gif", "image/png"]

    public let part: ImagePart
    private let most: Int64
    /// As stated, in lower-case hex.
    public var sha1: String?
    /// As stated, in base64.
    public var md5: String?
    /// As stated, in bytes.
    public var size: Int64?
    /// What the manifest will have of it, beside size and digests.
    public var description: JSONObject = [:]

    private var received: Int64 = 0
    private var sha1Hash = Insecure.SHA1()
    private var md5Hash = Insecure.MD5()
    /// Of a file: who asks for the image later has no other digest that nobody can forge.
    private var sha256Hash: SHA256?
    /// Of a file of which a SHA-512 is stated.
    private var sha512Hash: DigestHasher?

    /// - Parameter most: bytes it may have.
    public init(_ part: ImagePart, most: Int64) {
        self.part = part
        self.most = most
        sha256Hash = part == .file ? SHA256() : nil
    }

    /// States that it is the file of an image, as another server has it. Who cannot keep a digest of it there has it in a tag.
    public mutating func expectFile(of manifest: Manifest) {
        let file = manifest.files.first
        (size, sha1) = (file?.size, file?.sha1)
        description = manifest.json["files"]?[0]?.objectValue ?? [:]
        description["stor"] = nil
        if file?.digest == nil { description["digest"] = manifest.fileDigest.map { .string("\($0)") } }
    }

    /// - Throws: `tooLarge` for one that announces too much.
    func checkAnnouncement() throws(CatalogError) {
        guard size ?? 0 <= most else { throw tooLarge }
    }

    /// - Throws: `tooLarge` when it becomes too much.
    mutating func note(_ piece: ByteBuffer) async throws {
        if received == 0, part == .file, statedDigest?.algorithm == .sha512 { sha512Hash = DigestHasher(.sha512) }
        received += Int64(piece.readableBytes)
        guard received <= most else { throw tooLarge }
        self = try await BlockingIO.writing.runIfActive { [self] in
            var hashed = self
            unsafe piece.withUnsafeReadableBytes { bytes in
                unsafe hashed.sha1Hash.update(bufferPointer: bytes)
                unsafe hashed.md5Hash.update(bufferPointer: bytes)
                unsafe hashed.sha256Hash?.update(bufferPointer: bytes)
                unsafe hashed.sha512Hash?.update(bytes.bytes)
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
        let actual = Hexadecimal.text(sha1Hash.finalize())
        guard sha1 == nil || sha1 == actual else {
            throw refusal("the file has the sha1 \(actual), but \"\(sha1 ?? "")\" was stated")
        }
        let actualMD5 = Base64.text(Array(md5Hash.finalize()))
        guard md5 == nil || md5 == actualMD5 else {
            throw refusal("the file has the Content-MD5 \(actualMD5), but \"\(md5 ?? "")\" was stated")
        }
        var json: JSONObject = ["sha1": .string(actual), "size": .number(JSONNumber(Int(received)))]
        for (key, value) in description where json[key] == nil { json[key] = value }
        if let sha256Hash {
            let sha256 = "sha256:\(Hexadecimal.text(sha256Hash.finalize()))"
            let actual = sha512Hash.map { "\($0.finish())" } ?? sha256
            if let stated = statedDigest, stated.description != actual {
                throw refusal("the file has the digest \(actual), but \(stated) was stated")
            }
            json["digest"] = .string(sha256)
        }
        json["contentMD5"] = .string(actualMD5)
        json["mtime"] = .string(Timestamp.now().description)
        return json
    }

    private var statedDigest: ContentDigest? {
        description["digest"]?.stringValue.flatMap { ContentDigest($0.lowercased()) }
    }

    /// It is not what was stated.
    public func refusal(_ why: String) -> CatalogError {
        .notAsAnnounced(part, why)
    }

    private var tooLarge: CatalogError { .tooLarge(most) }
}
