import Compression
import Failure
import Glibc
import Host
import ImageModel
import NIOCore
import OCIRegistry

/// Sends what is produced into a repository, compressed, as it is made: its digest is known only then. One thread makes it,
/// another awaits the registry, with a bounded channel between them.
struct BlobPush: Sendable {
    let repository: RemoteRepository
    let compression: CompressionFormat
    let mediaType: String

    private static let piece = 1 << 20

    /// To be run on a thread of its own.
    ///
    /// - Parameter advance: is told how many bytes were made so far.
    /// - Returns: the blob, and the digest of what it unpacks to.
    /// - Throws: `UploadError`, `ConnectionError`, `Unauthorized`; what producing throws.
    func send(
        _ producer: inout some FileProducer, advance: (Int64) -> Void
    ) async throws -> (blob: BlobDescriptor, diffID: ContentDigest) {
        let channel = ByteChannel()
        return try await withThrowingTaskGroup(of: BlobDescriptor.self) { group in
            group.addTask(executorPreference: DedicatedThread("upload")) {
                defer { channel.abandon() }
                return try await upload(channel)
            }
            var hasher = DigestHasher(.sha256)
            do {
                try await compress(&producer, &hasher, to: channel, advance)
                channel.end(.success(()))
            } catch is ByteChannel.Abandoned {
                // Why, it says itself.
            } catch {
                channel.end(.failure(error))
            }
            guard let blob = try await group.next() else { throw CancellationError() }
            return (blob, hasher.finish())
        }
    }

    private func compress(
        _ producer: inout some FileProducer, _ hasher: inout DigestHasher, to channel: ByteChannel,
        _ advance: (Int64) -> Void
    ) async throws {
        // zstd makes one thing with several threads, and another with one.
        let cores = max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var isAtEnd = false
        var made: Int64 = 0
        try await StreamCompressor(compression, cores: cores, effort: .speed).run { count in
            while producer.output.count < count, !isAtEnd { isAtEnd = try !producer.step() }
            let bytes = producer.output.take(count)
            unsafe hasher.update(bytes.span.bytes)
            made += Int64(bytes.count)
            advance(made)
            return bytes
        } emit: { bytes in
            try channel.write(bytes)
        }
    }

    private func upload(_ channel: ByteChannel) async throws -> BlobDescriptor {
        let upload = try await BlobUpload.begin(in: repository)
        do {
            var buffer = [UInt8](repeating: 0, count: Self.piece)
            while true {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe channel.read(into: $0) }
                if count == 0 { break }
                try await upload.append(ByteBuffer(bytes: buffer[..<count]))
            }
            return try await upload.finish(mediaType: mediaType)
        } catch {
            await upload.cancel()
            throw error
        }
    }
}
