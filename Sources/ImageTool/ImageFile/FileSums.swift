import Crypto
import Host
import ImageModel
import RawBytes

/// The checksums of a file that is being written, made beside whoever writes it.
final class FileSums: Sendable {
    private struct Hashers {
        var sha1 = Insecure.SHA1()
        var sha256 = SHA256()
    }

    private let hashers = SideThread(Hashers())

    /// Adds to the end; waits while too much is not hashed yet.
    func add(_ bytes: RawSpan) {
        let piece = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        hashers.add { hashers in
            unsafe piece.withUnsafeBytes { buffer in
                unsafe hashers.sha1.update(bufferPointer: buffer)
                unsafe hashers.sha256.update(bufferPointer: buffer)
            }
        }
    }

    /// Of all that was added, as lower-case digits.
    func finish() throws -> (sha1: String, sha256: String) {
        let hashers = try hashers.finish()
        return (Hexadecimal.text(hashers.sha1.finalize()), Hexadecimal.text(hashers.sha256.finalize()))
    }
}
