import Crypto
import ImageModel
import RawBytes

/// Checksums of a file, made while it is read, as far as somebody states what they should be: each costs as much as all the
/// rest.
final class FileChecksums {
    struct Result {
        var sha1: String?
        /// `sha256:` and digits, or of whatever kind was asked for.
        var digest: String?
    }

    private let algorithm: ContentDigest.Algorithm?
    private var sha1: Insecure.SHA1?
    private var hasher: DigestHasher?

    init(sha1 isWanted: Bool = false, digest stated: String? = nil) {
        sha1 = isWanted ? Insecure.SHA1() : nil
        algorithm = stated.flatMap { ContentDigest($0) }?.algorithm
        hasher = algorithm.map { DigestHasher($0) }
    }

    func add(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe sha1?.update(bufferPointer: $0) }
        hasher?.update(bytes)
    }

    /// The file is read once more, from its beginning.
    func restart() {
        if sha1 != nil { sha1 = Insecure.SHA1() }
        hasher = algorithm.map { DigestHasher($0) }
    }

    func result() -> Result {
        Result(sha1: sha1.map { Hexadecimal.text($0.finalize()) }, digest: hasher?.finish().description)
    }
}
