import Failure
import Host
import ImageModel
import ImageSource
import ImageStore
import ZFS

/// What an image turns out to be, once all of its content has been seen: of one that came with a manifest, what that says; of
/// another, what its draft makes of the file. One thread uses it.
final class Settlement {
    /// The image is installed under the UUID that it turned out to have.
    struct IsThere: Error {}

    /// Provisional, until it is settled.
    private(set) var manifest: Manifest
    private(set) var isThere = false
    private let image: AvailableImage
    private let pool: PoolName
    private let store: ImageStore
    private let locks: ChainLocks
    private let report: Report
    private var lock: FileLock?
    private var isNameTold = false

    init(of image: AvailableImage, in pool: PoolName, _ store: ImageStore, _ locks: ChainLocks, _ report: Report) {
        manifest = image.manifest
        self.image = image
        self.pool = pool
        self.store = store
        self.locks = locks
        self.report = report
    }

    /// The manifest of what was made. The lock of the image is taken, if it has another UUID than was known.
    ///
    /// - Throws: `IsThere`; `ManifestValidation`.
    func settle(_ made: MadeContent) async throws -> Manifest {
        guard var draft = image.draft else { return manifest }
        draft.size = made.diskSize ?? draft.size
        draft.release = made.release
        guard let uuid = draft.uuid(made.image?.fileSHA256.flatMap { ContentDigest("sha256:\($0)") }) else {
            throw Failure(.internalError, "no UUID follows from \(image.fileName ?? "a file")")
        }
        manifest = try draft.manifest(uuid)
        guard uuid != image.uuid else { return tellingName(draft) }
        let isFree = try await locks.take(uuid, report)
        // A file that is fetched anew is settled anew.
        if isFree, lock == nil { lock = try await locks.takeFile(of: uuid, report) }
        guard isFree, lock != nil else {
            isThere = true
            // Under the name that it has here, which may be another.
            let installed = try await store.image(uuid, in: pool)
            report.did(
                installed.map { ImageResult(.present(.asked), $0) }
                    ?? ImageResult(.present(.asked), manifest, title: manifest.progressTitle, in: pool))
            if let installed, !installed.isKnown { report.warning(ImageTool.unrecorded(installed)) }
            throw IsThere()
        }
        return tellingName(draft)
    }

    /// Says what a root calls itself, where its file is called otherwise: nobody would look for it by that.
    private func tellingName(_ draft: ImageDraft) -> Manifest {
        guard !isNameTold, let name = draft.releaseName, name != image.manifest.name, !draft.fileName.hasPrefix(name)
        else { return manifest }
        isNameTold = true
        report.line("Image \(manifest.uuid) is called \"\(name)\" by its os-release; name=NAME gives another")
        return manifest
    }

    /// Gives the image's lock file back.
    func release() { lock?.release() }
}
