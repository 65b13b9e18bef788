import Failure
import ImageModel
public import NIOCore
import Time
import Transport

/// A blob on its way into a registry, in chunks (OCI distribution-spec, "Pushing a blob in chunks"). A registry that was
/// away for a while is asked how much it has, and the rest of the chunk is sent again.
///
/// Not thread-safe: one task writes it.
public final class BlobUpload {
    private let repository: RemoteRepository
    /// Where the next chunk goes.
    private var location: String
    private var chunk: [UInt8] = []
    private let chunkSize: Int
    /// Bytes that the registry has.
    private var sent: Int64 = 0
    private var hasher = DigestHasher(.sha256)

    /// In bytes. Stores below a registry want 5 MiB and more; as much is in memory for each upload.
    private static let usualChunk = 8 << 20
    private static let largestChunk = 64 << 20
    private init(_ repository: RemoteRepository, location: String, chunkSize: Int) {
        self.repository = repository
        self.location = location
        self.chunkSize = chunkSize
    }

    /// - Throws: `UploadError`, `ConnectionError`, `Unauthorized`.
    public static func begin(in repository: RemoteRepository) async throws -> BlobUpload {
        // An upload that was begun twice does no harm: the registry clears it away.
        let answer = try await repository.ask(
            .beginUpload, repository.url("blobs/uploads/"), [("Content-Length", "0")])
        let reply = answer.reply
        guard answer.meaning == .done else {
            throw repository.refusal(answer, "an upload of \(repository.description)")
        }
        guard let location = reply.headers["location"].flatMap({ repository.location($0) }) else {
            throw Failure(
                .uploadError,
                "registry \"\(repository.endpoint.name)\" took an upload of \(repository.description) and named no place of its own "
                    + "where the bytes go (status \(reply.status), Location)",
                hint: "a proxy in front of the registry may have to be told the name under which it is reached",
                statusCode: reply.status)
        }
        // A registry that states none, or nonsense, takes chunks of any size.
        let least = reply.headers["oci-chunk-min-length"].flatMap { HTTPNumber.read($0) } ?? 0
        let size = min(max(Int64(usualChunk), least), Int64(largestChunk))
        return BlobUpload(repository, location: location, chunkSize: Int(size))
    }

    public func append(_ bytes: ByteBuffer) async throws {
        chunk.append(contentsOf: bytes.readableBytesView)
        while chunk.count >= chunkSize { try await send(upTo: chunkSize) }
    }

    func append(_ bytes: [UInt8]) async throws { try await append(ByteBuffer(bytes: bytes)) }

    /// Ends the blob: from now on it is there under its digest.
    public func finish(mediaType: String) async throws -> BlobDescriptor {
        if !chunk.isEmpty { try await send(upTo: chunk.count) }
        let digest = hasher.finish()
        let target = location + (location.contains("?") ? "&" : "?") + "digest=\(URLEncoding.component("\(digest)"))"
        let blob = BlobDescriptor(mediaType: mediaType, digest: digest, size: sent)
        try await persist { [repository] in
            let answer = try await repository.ask(.endUpload, target, [("Content-Length", "0")])
            if answer.meaning == .done { return nil }
            // It may have been done although its answer was lost.
            if try await repository.has(blob) { return nil }
            let refusal = repository.refusal(answer, "the end of a blob of \(repository.description)")
            guard answer.meaning == .passing else { throw refusal }
            return refusal
        }
        return blob
    }

    /// Tells the registry to forget it. It is of no consequence if that fails.
    public func cancel() async {
        _ = try? await repository.ask(.cancelUpload, location)
    }

    private func send(upTo count: Int) async throws {
        let piece = Array(chunk.prefix(count))
        unsafe hasher.update(piece.span.bytes)
        let end = sent + Int64(count)
        try await persist { try await self.patch(piece, end: end) }
        chunk.removeFirst(count)
    }

    /// Sends what is missing of a chunk.
    ///
    /// - Returns: why it is to be tried again; nil if the registry has it.
    private func patch(_ piece: [UInt8], end: Int64) async throws -> (any Error)? {
        let missing = piece.suffix(Int(end - sent))
        let trouble: any Error
        do {
            let answer = try await repository.ask(
                .chunk, location,
                [("Content-Type", "application/octet-stream"), ("Content-Range", "\(sent)-\(end - 1)")],
                body: Array(missing))
            switch answer.meaning {
            case .done:
                location = answer.reply.headers["location"].flatMap { repository.location($0) } ?? location
                sent = end
                return nil
            case .passing: trouble = repository.refusal(answer, "a chunk of a blob of \(repository.description)")
            case .absent, .refused:
                throw repository.refusal(answer, "a chunk of a blob of \(repository.description)")
            }
        } catch let error as ConnectionError { trouble = error }
        return try await hasAll(end) ? nil : trouble
    }

    /// Asks how much the registry has; whether that is the whole chunk.
    private func hasAll(_ end: Int64) async throws -> Bool {
        let answer = try await repository.ask(.uploadProgress, location)
        if answer.meaning == .passing { return false }
        guard answer.meaning == .done else {
            throw repository.refusal(answer, "an upload of \(repository.description)")
        }
        let reply = answer.reply
        location = reply.headers["location"].flatMap { repository.location($0) } ?? location
        let has = try received(reply.headers["range"])
        guard has >= sent, has <= end else {
            throw Failure(
                .uploadError, "\(repository.description) has \(has) bytes of a blob of which \(sent) were sent")
        }
        sent = has
        return sent == end
    }

    /// How many bytes `0-LAST` says (OCI distribution-spec, "Pushing a blob in chunks"). `0-0` is said of nothing as well as of
    /// one byte; nothing said is nothing there.
    private func received(_ range: String?) throws(Failure) -> Int64 {
        guard let range else { return 0 }
        let ends = (range.hasPrefix("bytes=") ? range.dropFirst(6) : range[...]).split(separator: "-")
        guard ends.count == 2, let last = HTTPNumber.read(ends[1]), last < Int64.max else {
            throw Failure(
                .uploadError,
                "\(repository.description) has a range of a blob that makes no sense: \(range.prefix(100))")
        }
        return last == 0 ? 0 : last + 1
    }

    /// Tries until it is done, or the registry has been away for too long.
    ///
    /// - Parameter work: one try, and why it is to be tried again.
    private func persist(_ work: () async throws -> (any Error)?) async throws {
        let tries = Backoff(
            tries: 3, patience: repository.settings.patience, firstPause: .milliseconds(500), longestPause: .seconds(8))
        try await tries(by: repository.settings.clock) { _ in
            do {
                guard let trouble = try await work() else { return .done(()) }
                return .passing(.failure(trouble))
            } catch let error as ConnectionError { return .passing(.failure(error)) }
        }
    }
}
