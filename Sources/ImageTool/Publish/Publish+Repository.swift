import Compression
import Failure
import ImageCatalog
import ImageModel
import ImageSource
import JSON
import OCIRegistry
import SystemPackage
import Time
import Transport

extension ImageTool {
    /// Publishes an image into a repository of a registry, with no server in between. Nothing of it is seen before its tag is there,
    /// and with that all of it is. Typed again, it does what is left to be done: no state of an image tells whether the run that
    /// put it there has come to its name and the index, so that one that is there already is no error, as a push of what is there is none.
    ///
    /// - Throws: `ImageUuidAlreadyExists` for an image that is there and is another one; `OriginDoesNotExist`, `InvalidManifest`;
    ///   `UploadError`, `Unauthorized`, `ConnectionError`.
    func publish(
        _ manifest: Manifest, _ file: UploadFile, _ compression: CompressionFormat, _ request: PublishRequest,
        into source: OCISource, _ report: Report
    ) async throws {
        let (uuid, url) = (manifest.uuid, source.descriptor.url.base)
        // What cannot be reached at all is told at once; from then on it may be away for a while.
        try await source.ping()
        let repository = RegistryRepository(
            changing: source.repository.awaited, mode: manifest["public"] == false ? .private : .public, logger: log)
        var isThere = false
        if try await isPublished(manifest, file, compression, request, in: repository, at: url) {
            try await repository.complete(uuid)
            isThere = true
        } else {
            try await ImageTool.check(originOf: manifest, in: repository, at: url)
            try await file.check(by: manifest)
            try await upload(manifest, file, compression, into: repository, at: url, report)
            let shown = request.shownFile ?? request.file
            report.line("Added file \"\(shown)\" (compression \"\(compression.rawValue)\") to image \(uuid)")
            report.line("Activated image \(uuid)")
        }
        do {
            try await repository.settle()
        } catch {
            report.warning(
                "the index of \(url) could not be written, so that image \(uuid) is found by its tag alone: \(error)")
        }
        report.did(
            .published(
                manifest, bytes: file.size, to: url,
                action: isThere ? .present(.published) : .published))
    }

    /// Whether the image is there, active and with its file, as a run before may have left it.
    ///
    /// - Throws: `ImageUuidAlreadyExists` if another one is.
    private func isPublished(
        _ manifest: Manifest, _ file: UploadFile, _ compression: CompressionFormat, _ request: PublishRequest,
        in repository: RegistryRepository, at url: String
    ) async throws -> Bool {
        guard let stored = try await repository.stored(manifest.uuid) else { return false }
        let there = try Manifest(ServedForm(stored, isPublic: repository.mode == .public).json)
        let isSame = HalfPublished.differences(manifest, there).isEmpty
        guard there.isActivated || !isSame else { return false }
        let differences = try await ImageTool.differences(manifest, file, compression, there)
        guard differences.isEmpty else {
            throw request.mayBeThere
                ? ImageTool.differs(manifest.uuid, at: url, in: differences)
                : ImageTool.exists(manifest.uuid, at: url, hint: ImageTool.inTheWay(there, of: manifest))
        }
        return true
    }

    /// The same of a repository as of a server, before there is a file.
    func checkRepository(_ manifest: Manifest, _ source: OCISource) async throws {
        try await source.ping()
        let repository = RegistryRepository(
            changing: source.repository, mode: manifest["public"] == false ? .private : .public, logger: log)
        guard let stored = try await repository.stored(manifest.uuid) else { return }
        let there = try Manifest(ServedForm(stored, isPublic: repository.mode == .public).json)
        guard there.isActivated else { return }
        throw ImageTool.exists(
            manifest.uuid, at: source.descriptor.url.base, hint: ImageTool.inTheWay(there, of: manifest))
    }

    static func exists(_ uuid: ImageUUID, at url: String, hint: String?) -> Failure {
        Failure(.imageExists, "\(url) has an image \(uuid) already", hint: hint)
    }

    private static func check(
        originOf manifest: Manifest, in repository: RegistryRepository, at url: String
    ) async throws {
        guard let origin = manifest.origin, try await repository.stored(origin) == nil else { return }
        throw Failure(
            .originDoesNotExist, "origin image \(origin) of image \(manifest.uuid) is not in \(url)",
            hint: "publish the origin first")
    }

    private func upload(
        _ manifest: Manifest, _ file: UploadFile, _ compression: CompressionFormat,
        into repository: RegistryRepository, at url: String, _ report: Report
    ) async throws {
        var receipt = FileReceipt(.file, most: file.size)
        receipt.size = file.size
        receipt.sha1 = manifest.files.first?.sha1
        receipt.description["compression"] = .string(compression.rawValue)
        receipt.description["digest"] = manifest.files.first?.digest.map { .string($0) }
        if let guid = manifest.files.first?.datasetGUID { receipt.description["dataset_guid"] = .string(guid) }
        try await report.transfers.moving(
            .upload, of: manifest.uuid, title: manifest.title, total: file.size
        ) { [receipt] transfer in
            try await ImageTool.uploads(
                by: clock, again: ImageTool.sendingAgain(report)
            ) { _ in
                do {
                    try await ImageIntake(repository).publish(manifest, receipt, file: file.pieces(transfer))
                    return .done(())
                } catch let error as ConnectionError where error.isPassing {
                    return .passing(.failure(error))
                } catch let refusal as RegistryRefusal where refusal.refusalKind?.isOfServer == true {
                    return .passing(.failure(refusal))
                } catch let error as CatalogError {
                    if case .exists = error { throw ImageTool.exists(manifest.uuid, at: url, hint: nil) }
                    throw Failure(.uploadError, "image \(manifest.uuid): \(error.message)")
                }
            }
        }
    }
}
