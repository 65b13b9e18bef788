import Crypto
import Dispatch
import ImageModel
import Synchronization

/// The checksums of a file that is being written, made on a thread beside whoever writes it: they take as long as the rest.
final class FileSums: Sendable {
    private struct Hashers {
        var sha1 = Insecure.SHA1()
        var sha256 = SHA256()
    }

    private let hashers = Mutex(Hashers())
    /// One at a time, in their order.
    private let queue = DispatchQueue(label: "sums")
    private let room = DispatchSemaphore(value: 4)

    /// Adds to the end; waits while too much is not hashed yet.
    func add(_ bytes: RawSpan) {
        let piece = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        room.wait()
        queue.async { [self] in
            hashers.withLock { hashers in
                unsafe piece.withUnsafeBytes { buffer in
                    unsafe hashers.sha1.update(bufferPointer: buffer)
                    unsafe hashers.sha256.update(bufferPointer: buffer)
                }
            }
            room.signal()
        }
    }

    /// Of all that was added, as lower-case digits.
    func finish() -> (sha1: String, sha256: String) {
        queue.sync {}
        return hashers.withLock { (Hexadecimal.text($0.sha1.finalize()), Hexadecimal.text($0.sha256.finalize())) }
    }
}
