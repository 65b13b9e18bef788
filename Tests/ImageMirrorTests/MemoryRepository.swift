import Failure
import ImageModel
import JSON
import NIOCore
import Synchronization

@testable import ImageCatalog

/// A repository in memory, by the rules of the others: nothing of an upload counts before it is committed, and manifest and file change
/// at once.
final class MemoryRepository: ImageRepository {
    struct Stored: Sendable {
        var manifest: JSONObject?
        var parts: [ImagePart: [UInt8]] = [:]
    }

    let mode = ServerMode.public
    private let images = Mutex<[ImageUUID: Stored]>([:])
    private let orphans = Mutex<[ImageUUID]>([])
    private let unreadable = Mutex<Set<ImageUUID>>([])
    private let handedOver = Mutex<ImageUUID?>(nil)

    subscript(_ uuid: ImageUUID) -> Stored {
        get { images.withLock { $0[uuid] ?? Stored() } }
        set { images.withLock { $0[uuid] = newValue } }
    }

    /// The images that are there as a whole.
    var whole: Set<ImageUUID> {
        images.withLock { Set($0.filter { $0.value.manifest != nil && $0.value.parts[.file] != nil }.keys) }
    }

    /// The images that came before what they build on was there.
    var cameBeforeTheirOrigin: [ImageUUID] { orphans.withLock { $0 } }

    func catalog(_ freshness: Freshness) async throws -> Catalog {
        let hidden = unreadable.withLock { $0 }
        let manifests = images.withLock { $0.filter { !hidden.contains($0.key) }.values.compactMap(\.manifest) }
        let trouble = Failure(.fileSystem, "a disk that cannot be read")
        return Catalog(
            try manifests.map { ServedImage(try ServedManifest($0, mode: mode, channels: nil)) }, channels: nil,
            unreadable: Dictionary(uniqueKeysWithValues: hidden.map { ($0, trouble) }))
    }

    /// From now on, exactly these manifests cannot be read.
    func hide(_ uuids: Set<ImageUUID>) { unreadable.withLock { $0 = uuids } }

    /// Just before it is changed next, somebody else puts an image in its place.
    func handOver(_ uuid: ImageUUID) { handedOver.withLock { $0 = uuid } }

    func open(_ part: ImagePart, of image: ServedImage) async throws -> (any StoredFile)? {
        self[image.uuid].parts[part].map(File.init)
    }

    func change(
        _ uuid: ImageUUID, _ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?
    ) async throws {
        let isHandedOver = handedOver.withLock { $0 == uuid }
        try images.withLock { images in
            if isHandedOver { images[uuid]?.manifest?[ServedForm.publisherKey] = nil }
            let new = try change(images[uuid]?.manifest)
            images[uuid, default: Stored()].manifest = new
        }
    }

    func upload(_ part: ImagePart, of uuid: ImageUUID) async throws -> any FileUpload {
        Upload(repository: self, part: part, uuid: uuid)
    }

    func dropCaches() {}

    fileprivate func commit(
        _ bytes: [UInt8], _ part: ImagePart, _ uuid: ImageUUID, _ change: (JSONObject?) throws -> JSONObject?
    ) throws {
        let origin = try images.withLock { images in
            let new = try change(images[uuid]?.manifest)
            images[uuid, default: Stored()].manifest = new
            images[uuid]?.parts[part] = bytes
            return new.flatMap { try? Manifest($0).origin }
        }
        if let origin, !whole.contains(origin) { orphans.withLock { $0.append(uuid) } }
    }

    private struct File: StoredFile {
        let bytes: [UInt8]
        let modified = 0
        var size: Int64 { Int64(bytes.count) }

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        func pieces(of range: Range<Int64>) -> any AsyncSequence<ByteBuffer, any Error> {
            AsyncThrowingStream { continuation in
                continuation.yield(ByteBuffer(bytes: bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
                continuation.finish()
            }
        }
    }

    private final class Upload: FileUpload {
        let repository: MemoryRepository
        let part: ImagePart
        let uuid: ImageUUID
        private let bytes = Mutex<[UInt8]>([])

        init(repository: MemoryRepository, part: ImagePart, uuid: ImageUUID) {
            self.repository = repository
            self.part = part
            self.uuid = uuid
        }

        func append(_ piece: ByteBuffer) async throws { bytes.withLock { $0 += piece.readableBytesView } }

        func commit(_ change: @escaping @Sendable (JSONObject?) throws -> JSONObject?) async throws {
            try repository.commit(bytes.withLock { $0 }, part, uuid, change)
        }

        func discard() async { bytes.withLock { $0 = [] } }
    }
}
