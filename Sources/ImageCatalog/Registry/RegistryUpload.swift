import ImageModel
import JSON
import NIOCore
import OCIRegistry
import Synchronization

/// A file on its way into a registry. Its image does not know of it before it is whole.
actor RegistryUpload: FileUpload {
    private let part: ImagePart
    private let uuid: ImageUUID
    private let repository: RegistryRepository
    private let blob: BlobUpload
    private var isFinished = false

    init(_ part: ImagePart, of uuid: ImageUUID, in repository: RegistryRepository) async throws {
        self.part = part
        self.uuid = uuid
        self.repository = repository
        blob = try await BlobUpload.begin(in: repository.artifacts)
    }

    func append(_ bytes: ByteBuffer) async throws { try await blob.append(bytes) }

    func commit(_ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?) async throws {
        let descriptor = try await blob.finish(mediaType: ImageArtifact.mediaType(of: part))
        isFinished = true
        try await repository.rewrite(uuid, adding: descriptor, change)
    }

    func discard() async {
        guard !isFinished else { return }
        await blob.cancel()
    }
}
