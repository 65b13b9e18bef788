import Failure
import ImageModel
import TestPools
import Testing

@testable import ImageStore

/// What is done to the images of a host, and how it is killed.
extension MemoryHost {
    /// Does something in a run that is killed before it changes something for so many more times.
    ///
    /// - Returns: whether it came to that.
    func killed(after moment: Int, _ work: () async throws -> some Any) async throws -> Bool {
        pools.kill(after: moment)
        defer { pools.kill(after: nil) }
        do {
            _ = try await work()
            return false
        } catch is MemoryZFS.Killed {
            return true
        } catch let error as Failure {
            // What could not be put right any more is told with what went wrong.
            #expect(error.cause is MemoryZFS.Killed, "\(error)")
            return true
        }
    }

    /// Something of an image is there, as another run sees it.
    func isPresent(_ uuid: ImageUUID) async throws -> Bool {
        let store = store
        return try await store.isPresent(uuid, in: try await store.look(for: [uuid], in: pool))
    }

    /// Installs an image of a volume.
    func install(_ image: TestVolume, tell: (String) -> Void = { _ in }) async throws {
        let uuid = image.manifest.uuid
        let store = store
        let lock = try await store.lock(uuid, in: pool) { _ in }
        defer { lock.release() }
        try await store.install(
            ImageToInstall(
                manifest: image.manifest, source: "https://images.example", pool: pool,
                check: ImageFileCheck(of: image.manifest), content: .zfsStream, compression: nil,
                limits: LayerLimits()),
            opening: { BytesReader(image.file) }, tell: tell, settling: { _ in image.manifest })
    }

    /// Deletes an image.
    @discardableResult
    func delete(_ uuid: ImageUUID, force: Bool = false, tell: (String) -> Void = { _ in }) async throws -> Bool {
        let store = store
        let lock = try await store.lock(uuid, in: pool) { _ in }
        defer { lock.release() }
        return try await store.delete(uuid, in: pool, force: force, tell: tell)
    }
}

/// An image file in memory.
struct BytesReader: ImageFileReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func next(_ body: (RawSpan) throws -> Void) async throws -> Bool {
        guard !rest.isEmpty else { return false }
        // Records come apart anywhere.
        let piece = Array(rest.prefix(100))
        rest = rest.dropFirst(100)
        try unsafe body(piece.span.bytes)
        return true
    }
}
