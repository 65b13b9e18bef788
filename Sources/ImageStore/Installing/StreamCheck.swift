import Failure
import ImageModel
import Logging
import SendStream
import ZFS

/// Whether a stream is one of the image that its manifest describes, by what it says of itself at its very beginning: what is
/// not is refused before anything of it is received.
struct StreamCheck {
    let manifest: Manifest
    /// The origin's `@final` in the pool; nil for an image without origin.
    let origin: SnapshotName?
    /// The guid of that snapshot; nil if it is not there.
    let originGUID: UInt64?

    /// - Throws: `InvalidStream`, `UnsupportedImage`, `UnexpectedOrigin`, `OriginHasNoFinalSnapshot`.
    func check(_ header: StreamHeader) throws(Failure) {
        try checkContent(header)
        let kind: Dataset.Kind
        switch header.kind {
        case .fileSystem: kind = .filesystem
        case .volume: kind = .volume
        case .other: throw Failure(.invalidStream, "\(stream) makes neither a file system nor a volume")
        }
        switch manifest.imageType {
        case .zvol where kind != .volume, .zoneDataset where kind != .filesystem, .lxDataset where kind != .filesystem:
            throw Failure(
                .invalidStream,
                "\(stream) makes a \(kind == .volume ? "volume" : "file system"), but its manifest states the type \(manifest.type ?? "")",
                hint: "type zvol is for volumes, zone-dataset and lx-dataset are for file systems")
        default: break
        }
        try checkOrigin(header)
    }

    /// Tells of what a stream makes otherwise than its manifest says, and can be used all the same: what is there counts, and the record
    /// gets it.
    func remark(on header: StreamHeader, to log: Logger) {
        if header.originGUID == nil, let origin {
            log.warning(
                "the stream of an incremental image is a full one",
                metadata: ["image": "\(manifest.uuid)", "origin": "\(origin)"])
        }
        if let stated = manifest.files.first?.datasetGUID, stated != "\(header.guid)" {
            log.warning(
                "the stream makes another snapshot than the manifest states",
                metadata: ["image": "\(manifest.uuid)", "dataset_guid": "\(stated)", "guid": "\(header.guid)"])
        }
    }

    /// Tells of a disk whose size is not what the manifest states. Others take it, and what runs machines of the image may count on it.
    ///
    /// - Parameter bytes: of the volume; nil for what is none.
    func remark(onDiskOf bytes: UInt64?, to log: Logger) {
        guard let bytes else { return }
        do {
            try ImageDraft.checkImageSize(in: manifest.json, ofDisk: bytes)
        } catch {
            log.warning(
                "the disk has another size than the manifest states",
                metadata: ["image": "\(manifest.uuid)", "error": "\(error.message)"])
        }
    }

    private var stream: String { "the stream of image \(manifest.uuid)" }

    /// What could be received, and then not be used.
    private func checkContent(_ header: StreamHeader) throws(Failure) {
        if header.features.contains(.redacted) {
            throw Failure(
                .unsupportedImage, "\(stream) is redacted: parts of its content are missing",
                hint: "have it made by zfs send without --redact")
        }
        if header.features.contains(.raw) {
            throw Failure(
                .unsupportedImage,
                "\(stream) is encrypted, and its key is not here: nothing could be made of the image",
                hint: "have it made by zfs send without -w, on a host where the key is loaded")
        }
        if header.features.contains(.resuming) {
            throw Failure(
                .unsupportedImage, "\(stream) is only the rest of one that was broken off",
                hint: "have it made by zfs send without -t")
        }
    }

    private func checkOrigin(_ header: StreamHeader) throws(Failure) {
        guard let from = header.originGUID else { return }
        guard header.flags.contains(.clone) else {
            throw Failure(
                .unexpectedOrigin,
                "\(stream) is incremental to an earlier snapshot of its own dataset, which is no image",
                hint: "an incremental image is made of a clone of its origin: zfs send -i ORIGIN@final CLONE@SNAPSHOT")
        }
        guard let origin else {
            throw Failure(
                .unexpectedOrigin,
                "\(stream) is incremental, to the snapshot with the guid \(from), but its manifest states no origin")
        }
        guard let originGUID else {
            throw Failure(
                .originHasNoFinalSnapshot, "\(stream) is incremental, but its origin has no snapshot \"\(origin)\"",
                hint: "imgadm update \(origin.dataset.lastComponent) looks for the one that should be it")
        }
        guard from == originGUID else {
            throw Failure(
                .unexpectedOrigin,
                "\(stream) is incremental to the snapshot with the guid \(from), but \"\(origin)\" of the origin that its manifest states has the guid \(originGUID)",
                hint:
                    "the installed origin was made here, of a file, or in other blocks: import it from where this one comes from, into another pool, or here once it and what is cloned of it are deleted; of a disk, imgadm import FILE and imgadm convert FILE make one snapshot, if in blocks of one size (--volblocksize)"
            )
        }
    }

    /// Other bytes might have been received.
    static func isAboutContent(_ error: any Error) -> Bool {
        switch error {
        case is StreamError, is SnapshotStream.WrongCount: true
        case let error as ZFSError: error.kind == .other
        default: false
        }
    }

    /// What was wrong with a stream, as a failure that says which image it is about.
    static func failure(_ error: any Error, _ manifest: Manifest) -> any Error {
        let what = "the stream of image \(manifest.uuid)"
        switch error {
        case let error as StreamError where error.reason == .notAStream:
            return Failure(
                .invalidStream, "the file of image \(manifest.uuid) is no stream of zfs send", cause: error,
                hint: "is the compression that its manifest states the right one?")
        case is StreamError: return Failure(.invalidStream, "\(what) is damaged", cause: error)
        case let count as SnapshotStream.WrongCount:
            return Failure(
                .unexpectedNumberOfSnapshots,
                "\(what) brings \(count == .none ? "no snapshot" : "several snapshots"); it must be exactly one",
                hint: "zfs send without -R and -I makes such a stream")
        default: return error
        }
    }
}
