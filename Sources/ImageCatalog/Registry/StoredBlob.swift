import ImageModel
import NIOCore
import OCIRegistry
import Transport

/// An image file in a registry: what is asked for of it is asked of the registry.
struct StoredBlob: StoredFile {
    let modified: Int
    private let blob: BlobDescriptor
    private let artifacts: RemoteRepository

    var size: Int64 { blob.size }

    init(_ blob: BlobDescriptor, in artifacts: RemoteRepository, modified: Int) {
        self.blob = blob
        self.artifacts = artifacts
        self.modified = modified
    }

    func pieces(of range: Range<Int64>) -> any AsyncSequence<ByteBuffer, any Error> {
        Pieces(download: artifacts.download(blob, range))
    }

    private struct Pieces: AsyncSequence, AsyncIteratorProtocol {
        let download: Download
        func makeAsyncIterator() -> Self { self }
        mutating func next() async throws -> ByteBuffer? { try await download.next() }
    }
}
