import Crypto
import HTTPTypes
import HummingbirdCore
import ImageCatalog
import ImageModel
import NIOCore
import NIOPosix

/// The SHA-256 that the body of a request is to have.
struct BodyDigest: Sendable, Hashable {
    private let bytes: [UInt8]

    /// Reads a `Digest` header (RFC 3230, section 4.3.2); nil if it has no SHA-256.
    init?(header: String) {
        for instance in header.split(separator: ",") {
            let halves = instance.trimmingBlanks.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, halves[0].lowercased() == "sha-256", let bytes = Base64.bytes(String(halves[1])),
                bytes.count == SHA256.byteCount
            else { continue }
            self.bytes = bytes
            return
        }
        return nil
    }

    fileprivate func check(_ hash: SHA256) throws(RequestError) {
        guard hash.finalize().elementsEqual(bytes) else {
            throw RequestError(.badRequest, "BadDigest", "the body is not what the signed Digest header says")
        }
    }
}

/// A body as it comes, whose end is one only if the whole has the digest that was signed.
struct DigestedBody: AsyncSequence, Sendable {
    private let body: RequestBody
    private let digest: BodyDigest

    init(_ body: RequestBody, _ digest: BodyDigest) {
        self.body = body
        self.digest = digest
    }

    func makeAsyncIterator() -> Iterator { Iterator(body: body.makeAsyncIterator(), digest: digest) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var body: RequestBody.AsyncIterator
        fileprivate let digest: BodyDigest
        private var hash = SHA256()

        fileprivate init(body: RequestBody.AsyncIterator, digest: BodyDigest) {
            self.body = body
            self.digest = digest
        }

        mutating func next() async throws -> ByteBuffer? {
            guard let piece = try await body.next(isolation: #isolation) else {
                try digest.check(hash)
                return nil
            }
            hash = try await BlockingIO.writing.runIfActive { [hash] in
                var hash = hash
                unsafe piece.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
                return hash
            }
            return piece
        }
    }
}
