import Crypto
import RawBytes

/// What an image file must turn out to be (cli.md §3, import 7).
public struct ImageFileCheck: Sendable {
    public var size: Int64?
    /// The most bytes of a file whose size nobody states.
    public var most: Int64?
    /// Lower-case hex.
    public var sha1: String?
    /// `Content-MD5` (base64), for a file without a checksum.
    public var md5: String?
    /// The digest of a layer in a registry.
    public var digest: ContentDigest?
    /// A tag states the digest, of which the description of the file says nothing.
    public private(set) var isDigestTagged = false

    public init(size: Int64? = nil, sha1: String? = nil, md5: String? = nil, digest: ContentDigest? = nil) {
        self.size = size
        self.sha1 = sha1?.lowercased()
        self.md5 = md5
        self.digest = digest
    }

    /// The check that what a manifest says of its file makes possible: by its SHA-1 and its digest.
    public init(of manifest: Manifest) {
        let file = manifest.files.first
        self.init(size: file?.size, sha1: file?.sha1, digest: manifest.fileDigest)
        isDigestTagged = digest != nil && file?.digest == nil
    }

    /// The content is known beforehand, so that a part of it may be used again.
    public var isStrong: Bool { sha1 != nil || digest != nil }

    /// No check at all: a raw stream (`--zstream`).
    public static let none = ImageFileCheck()
}

/// Counts and hashes a file as it passes.
public struct ImageFileDigest {
    private var sha1 = Insecure.SHA1()
    private var md5 = Insecure.MD5()
    private var hasher: DigestHasher?
    private let wanted: ImageFileCheck
    /// Bytes that have passed.
    public private(set) var count: Int64 = 0

    /// The SHA-256, once the end is there, if it was to be noted.
    public private(set) var fileSHA256: String?
    private var noted: SHA256?

    /// - Parameter isNoted: the SHA-256 is wanted, also where nothing says what it should be.
    public init(_ wanted: ImageFileCheck, noting isNoted: Bool = false) {
        self.wanted = wanted
        hasher = wanted.digest.map { DigestHasher($0.algorithm) }
        noted = isNoted && wanted.digest?.algorithm != .sha256 ? SHA256() : nil
    }

    /// - Throws: `DownloadError` as soon as there are more bytes than there may be.
    public mutating func update(_ bytes: RawSpan) throws {
        count += Int64(bytes.byteCount)
        if let size = wanted.size, count > size {
            throw ImageFileError("the image file is larger than the \(size) bytes its manifest states")
        }
        if let most = wanted.most, count > most {
            throw ImageFileError("the image file is larger than \(most) bytes, and no end is in sight")
        }
        hasher?.update(bytes)
        unsafe bytes.withUnsafeBytes { unsafe noted?.update(bufferPointer: $0) }
        guard wanted.sha1 != nil || wanted.md5 != nil else { return }
        unsafe bytes.withUnsafeBytes { buffer in
            if wanted.sha1 != nil {
                unsafe sha1.update(bufferPointer: buffer)
            } else {
                unsafe md5.update(bufferPointer: buffer)
            }
        }
    }

    /// - Throws: `DownloadError` if size or checksum differ.
    public mutating func finish() throws {
        if let size = wanted.size, size != count {
            throw ImageFileError("the image file has \(count) bytes, but its manifest states \(size)")
        }
        if let expected = wanted.digest, let actual = hasher?.finish(), actual != expected {
            let by = wanted.isDigestTagged ? ", as the manifest's tag \(Manifest.fileDigestTag) states" : ""
            throw ImageFileError("the file has the digest \(actual), but it should have \(expected)\(by)")
        }
        fileSHA256 = noted.map { Hexadecimal.text($0.finalize()) }
        if let digest = wanted.digest, digest.algorithm == .sha256 { fileSHA256 = digest.hex }
        if let expected = wanted.sha1 {
            let actual = Hexadecimal.text(sha1.finalize())
            guard actual == expected else {
                throw ImageFileError("the image file has the sha1 \(actual), but its manifest states \(expected)")
            }
        } else if let expected = wanted.md5 {
            let actual = Base64.text(Array(md5.finalize()))
            guard actual == expected else {
                throw ImageFileError("the image file has the Content-MD5 \(actual), but the server states \(expected)")
            }
        }
    }
}
