import Crypto
import Failure
public import ImageModel
public import JSON
public import NIOCore
import RawBytes
import Time

/// Takes files into a repository, and whole, active images, as a mirror does.
public struct ImageIntake: Sendable {
    private let repository: any ImageRepository

    public init(_ repository: any ImageRepository) { self.repository = repository }

    /// The repository has the image, with its file and active.
    public func has(_ uuid: ImageUUID) async throws -> Bool {
        guard let image = try await repository.catalog(.image(uuid)).image(uuid), image.isActivated,
            !image.files.isEmpty
        else {
            return false
        }
        return try await repository.open(.file, of: image) != nil
    }

    /// Takes in an image. Nothing of it is seen before all of it is there. One that has come meanwhile stays as it is; it is an error if it
    /// has another file.
    ///
    /// - Parameters:
    ///   - publisher: who is kept with it as having made it.
    ///   - next: gives the file piece by piece, nil at its end.
    /// - Throws: `InvalidManifest` for one that does not suit this server; `DownloadError` for a file that is not the
    ///   manifest's.
    public func take(
        _ manifest: Manifest, by publisher: String? = nil, file next: () async throws -> ByteBuffer?
    ) async throws {
        var stored = try await stored(manifest)
        stored[ServedForm.publisherKey] = publisher.map { .string($0) }
        guard let described = manifest.files.first, let size = described.size, let sha1 = described.sha1 else {
            throw Failure(.downloadError, "the manifest of image \(manifest.uuid) does not state what its file is")
        }
        var receipt = FileReceipt(.file, most: size)
        receipt.expectFile(of: manifest)
        do {
            try await take(receipt, of: manifest.uuid, next) { [stored] there in
                if let there, StoredManifest(there).isActivated, let other = ImagePart.file.sha1(in: there) {
                    guard other == sha1 else { throw CatalogError.exists(manifest.uuid) }
                    return nil
                }
                return StoredManifest(stored)
            }
        } catch let refusal as CatalogError {
            throw Failure(.downloadError, "image \(manifest.uuid): \(refusal.message)")
        }
    }

    /// Takes in an image as its author publishes it: what its file is comes out as it comes. Nothing of it is seen before all of it is
    /// there; one that is not active yet gives way.
    ///
    /// - Parameters:
    ///   - receipt: what is stated of the file.
    ///   - next: gives it piece by piece, nil at its end.
    /// - Throws: `InvalidManifest` for one that does not suit the repository; `CatalogError`: `exists`, `tooLarge`,
    ///   `notAsAnnounced`; what `next` and the storage throw.
    public func publish(
        _ manifest: Manifest, _ receipt: FileReceipt, file next: () async throws -> ByteBuffer?
    ) async throws {
        var stored = try await stored(manifest)
        if stored["published_at"] == nil { stored["published_at"] = .string(Timestamp.now().description) }
        try await take(receipt, of: manifest.uuid, next) { [stored, uuid = manifest.uuid] there in
            guard there.map({ !StoredManifest($0).isActivated }) ?? true else { throw CatalogError.exists(uuid) }
            return StoredManifest(stored)
        }
    }

    /// Takes in a file of an image that is there. An earlier one stays as long as this is not whole.
    ///
    /// - Parameters:
    ///   - receipt: what was stated of it.
    ///   - check: is given what is stored when the file is whole, which may be another image by then; throws if that may not get it.
    ///   - next: gives the file piece by piece, nil at its end.
    /// - Throws: `CatalogError`: `tooLarge`, `notAsAnnounced`, `filesImmutable`, `notFound`; what `next` and the storage throw.
    public func take(
        _ receipt: FileReceipt, of uuid: ImageUUID,
        allowed check: @escaping @Sendable (JSONObject?) throws -> Void = { _ in },
        _ next: () async throws -> ByteBuffer?
    ) async throws {
        try await take(receipt, of: uuid, next) { [part = receipt.part] stored in
            try check(stored)
            let manifest = try StoredManifest(stored, of: uuid)
            guard part != .file || !manifest.isActivated else { throw CatalogError.filesImmutable(uuid) }
            return manifest
        }
    }

    /// - Parameter manifest: is given what is stored when the file is whole; returns the manifest that gets it, nil if what is stored stays.
    private func take(
        _ receipt: FileReceipt, of uuid: ImageUUID, _ next: () async throws -> ByteBuffer?,
        into manifest: @escaping @Sendable (JSONObject?) throws -> StoredManifest?
    ) async throws {
        var receipt = receipt
        try receipt.checkAnnouncement()
        let upload = try await repository.upload(receipt.part, of: uuid)
        do {
            while let piece = try await next() {
                try await receipt.note(piece)
                try await upload.append(piece)
            }
            let (part, description) = (receipt.part, try receipt.finish())
            try await upload.commit { stored in
                guard var new = try manifest(stored) else { return stored }
                new.set(part, description)
                return new.json
            }
        } catch {
            await upload.discard()
            throw error
        }
    }

    /// Takes in the icon of an image that is there. Of a kind that this server does not have, it is left out.
    ///
    /// - Parameter check: is given what is stored by then, which may be another image; throws if that may not get it.
    public func take(
        icon bytes: [UInt8], contentType: String, of uuid: ImageUUID,
        allowed check: @escaping @Sendable (JSONObject?) throws -> Void = { _ in }
    ) async throws {
        guard FileReceipt.iconTypes.contains(contentType), !bytes.isEmpty else { return }
        let upload = try await repository.upload(.icon, of: uuid)
        do {
            try await upload.append(ByteBuffer(bytes: bytes))
            try await upload.commit { stored in
                guard let stored else { return nil }
                try check(stored)
                var new = StoredManifest(stored)
                new.set(
                    .icon,
                    [
                        "contentType": .string(contentType), "size": .number(JSONNumber(bytes.count)),
                        "sha1": .string(Hexadecimal.text(Insecure.SHA1.hash(data: bytes))),
                        "contentMD5": .string(Base64.text(Array(Insecure.MD5.hash(data: bytes)))),
                    ])
                return new.json
            }
        } catch {
            await upload.discard()
            throw error
        }
    }

    private func stored(_ manifest: Manifest) async throws -> JSONObject {
        let channels = try await repository.catalog(.image(manifest.uuid)).channels
        // An icon is a file of its own.
        var described = manifest.json
        described["icon"] = nil
        do {
            var json = try ManifestIntake.importing(
                described, as: manifest.uuid, mode: repository.mode,
                channels: channels.map { $0.defaultName.map { [$0] } ?? [] })
            json["activated"] = true
            return json
        } catch {
            let fields = error.details.map { "\($0.field): \($0.message ?? $0.code)" }.joined(separator: "; ")
            throw Failure(
                .invalidManifest,
                "image \(manifest.uuid) cannot be served here: \(error.message)\(fields.isEmpty ? "" : " (\(fields))")")
        }
    }
}
