import Compression
import Failure
import Glibc
import ImageModel
import Layers
import SystemPackage
import Tar

/// The pass of a layer's file: as that of every image, with the archive's reader at its end.
struct LayerPass {
    private let image: ImageToInstall
    private let diffID: ContentDigest?

    /// - Parameter diffID: the digest that the archive must have once it is inflated, where it is known.
    init(_ image: ImageToInstall, _ diffID: ContentDigest?) {
        self.image = image
        self.diffID = diffID
    }

    struct Outcome<Visitor: TarVisitor> {
        let visitor: Visitor
        let fileSHA256: String?
        let ending: TarReader.Ending
    }

    /// Unpacks a layer.
    ///
    /// - Returns: the SHA-256 of its file.
    /// - Throws: `DownloadError`, `InvalidLayer`, `FileSystemError`, `NoSpace`; `WhiteoutOrder`.
    func unpack(_ reader: some ImageFileReader, _ extractor: LayerExtractor) async throws -> String? {
        try await unpack(reader, extractor, seenBy: extractor).fileSHA256
    }

    /// Unpacks an archive whose entries somebody else sees, too.
    ///
    /// - Parameter visitor: hands the entries on to the extractor.
    /// - Throws: as above.
    func unpack<Visitor: TarVisitor>(
        _ reader: some ImageFileReader, _ extractor: LayerExtractor, seenBy visitor: Visitor
    ) async throws -> Outcome<Visitor> {
        let read = try await read(reader, visitor)
        do {
            try extractor.finish()
        } catch {
            throw LayerPass.failure(error, image)
        }
        return read
    }

    /// Reads a layer for its whiteouts alone.
    func whiteouts(_ reader: some ImageFileReader) async throws -> WhiteoutScan {
        try await read(reader, WhiteoutScan()).visitor
    }

    private func read<Visitor: TarVisitor>(
        _ reader: some ImageFileReader, _ visitor: Visitor
    ) async throws -> Outcome<Visitor> {
        let limits = image.limits
        var reader = reader
        var visitor = visitor
        var hasher = diffID.map { DigestHasher($0.algorithm) }
        var archive = TarReader(limits: limits.tar)
        // Whatever the manifest says: registries are often wrong, and an empty file is an empty layer.
        var pass = ImagePass(check: image.check, compression: nil, limits: limits.decompression)
        do {
            try await pass.run(&reader) { bytes in
                hasher?.update(bytes)
                try archive.feed(bytes, to: &visitor)
            }
            try archive.finish(to: &visitor)
        } catch let error where error is TarError || error is LayerError {
            throw LayerPass.failure(await pass.blame(error, reading: &reader), image)
        } catch {
            throw LayerPass.failure(error, image)
        }
        if let expected = diffID, let actual = hasher?.finish(), actual != expected {
            throw ImageFileError(
                "the layer of image \(image.manifest.uuid) unpacks to content of digest \(actual), but it should be \(expected)"
            )
        }
        return Outcome(visitor: visitor, fileSHA256: pass.fileSHA256, ending: archive.ending)
    }

    /// Whatever went wrong, as a failure that says which image it is about.
    static func failure(_ error: any Error, _ image: ImageToInstall) -> any Error {
        let what = "\(image.fileName ?? "the layer of image \(image.manifest.uuid)") cannot be unpacked"
        switch error {
        case is TarError, is LayerError: return Failure(.invalidLayer, what, cause: error)
        case let failure as EntryError: return LayerPass.failure(what, failure.errno, because: failure)
        case let errno as Errno: return LayerPass.failure(what, errno, because: errno)
        default: return error
        }
    }

    private static func failure(_ what: String, _ errno: Errno, because error: any Error) -> Failure {
        switch errno {
        case .noSpace, .diskQuotaExceeded:
            Failure(.noSpace, what, cause: error, hint: "make room in the pool, or use another with -P")
        case .permissionDenied, .notPermitted:
            Failure(
                .permissionDenied, what, cause: error,
                hint: geteuid() == 0 ? nil : "it takes root to make the files of other users and devices")
        case .tooManyOpenFiles:
            Failure(.fileSystem, what, cause: error, hint: "a higher limit of open files (ulimit -n) is needed")
        default: Failure(.fileSystem, what, cause: error)
        }
    }
}
