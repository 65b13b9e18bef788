import Failure
import Host
import HostConfig
import ImageModel
import ImageSource
import ImageStore
public import ZFS

/// Something that is not as it should be, and what can be done about it (imgadm.8, check).
public struct Finding: Sendable {
    /// The kind of it, for programs: stable.
    public let kind: String
    /// What is wrong.
    public let problem: String
    /// What would mend it.
    public let remedy: String
    /// It is told, and may well be in order.
    public var isRemark = false
    /// Mends it, if that can be done without losing anything; says whether it did.
    public let repair: (@Sendable () async throws -> Bool)?
}

extension ImageTool {
    /// Looks over config, sources, pools, records, datasets and downloads. Nothing is changed.
    ///
    /// - Parameters:
    ///   - only: the one pool to look at; nil for all.
    ///   - standard: the pool of commands that are not told one.
    public func findings(in only: PoolName?, standard: PoolName) async throws -> [Finding] {
        let untrusted = try untrustedFolders()
        var findings = untrusted + (try await configFindings())
        let pools = try await store.pools()
        let pool = only ?? standard
        if !pools.contains(pool) {
            findings.append(
                Finding(
                    kind: "pool", problem: "there is no zpool \"\(pool)\"",
                    remedy: "IMGADM_POOL or -P names the pool that images are to be on", repair: nil))
        }
        for disorder in only.map({ pools.contains($0) }) ?? true ? try await store.disorders(in: only) : [] {
            findings.append(
                Finding(disorder) {
                    // By a lock.
                    try HostFile.checkTrusted(root.locks)
                    return try await store.repair(disorder)
                })
        }
        do {
            findings += try downloadFindings()
        } catch let error as UnsafeFolder {
            findings.append(Finding(folder: error))
        }
        return findings
    }

    /// What is to be worked in, and is somebody else's: it keeps nothing else from being looked at.
    private func untrustedFolders() throws -> [Finding] {
        var findings: [Finding] = []
        for folder in root.workFolders {
            do {
                try HostFile.checkTrusted(folder)
            } catch let error as UnsafeFolder { findings.append(Finding(folder: error)) }
        }
        return findings
    }

    private func configFindings() async throws -> [Finding] {
        let descriptors: [SourceDescriptor]
        do {
            descriptors = try config.load().checkedSources()
        } catch let error as any CodedError {
            return [
                Finding(
                    kind: "config", problem: error.description,
                    remedy: error.hint ?? "mend the file, or move it away: a new one is made", repair: nil)
            ]
        }
        // None at all is a choice: files, URLs and registries are imported all the same.
        return zip(descriptors, try await check(descriptors)).compactMap { source, failure in
            failure.map { failure in
                Finding(
                    kind: "source", problem: "image source \"\(source.displayURL)\" does not answer: \(failure)",
                    remedy: failure.hint ?? "imgadm sources -d \(ShellWord.quoted(source.displayURL)) takes it out",
                    repair: nil)
            }
        }
    }

    private func downloadFindings() throws -> [Finding] {
        try downloads.abandoned().map { uuid, bytes in
            Finding(
                kind: "download",
                problem: "a download of image \(uuid) (\(ByteCount.text(bytes))) was left more than a week ago",
                remedy: "remove it"
            ) {
                try HostFile.checkTrusted(root.locks)
                guard let lock = try store.tryLockFile(uuid) else { return false }
                defer { lock.release() }
                guard let download = try store.tryLockDownload(uuid) else { return false }
                defer { download.release() }
                // Sources were asked meanwhile, and somebody may have gone on with it.
                guard try downloads.abandoned().contains(where: { $0.uuid == uuid }) else { return false }
                downloads.remove(uuid)
                return true
            }
        }
    }
}

extension Finding {
    fileprivate init(folder error: UnsafeFolder) {
        self.init(kind: "folder", problem: error.failure.message, remedy: error.failure.hint ?? "", repair: nil)
    }

    fileprivate init(_ disorder: ImageStore.Disorder, _ mend: @escaping @Sendable () async throws -> Bool) {
        switch disorder {
        case .recordWithoutDataset(let uuid, let pool):
            self.init(
                kind: "record", problem: "image \(uuid) has a record, but is not on zpool \"\(pool)\"",
                remedy: "remove the record", repair: mend)
        case .recordOfAbsentPool(let uuid, let pool):
            self.init(
                kind: "record-pool", problem: "image \(uuid) has a record on zpool \"\(pool)\", which is not there",
                remedy:
                    "import the pool; or remove the record if it is gone for good (/var/imgadm/images/\(pool)-\(uuid).json)",
                repair: nil)
        case .recordOfOtherPool(let uuid, let pool):
            self.init(
                kind: "record-pool",
                problem: "image \(uuid) has a record of another zpool, which was called \"\(pool)\" as one is now",
                remedy: "import that zpool, under another name; or remove the record if it is gone for good",
                repair: nil)
        case .recordOfOldName(let uuid, let pool, let old):
            self.init(
                kind: "record-name",
                problem: "the record of image \(uuid) on zpool \"\(pool)\" was written when that was called \"\(old)\"",
                remedy: "rename the record", repair: mend)
        case .doubtful(let uuid, let pool, let doubt):
            self.init(
                kind: "no-record",
                problem: "dataset \(pool)/\(uuid) may be somebody's data, and no image: \(doubt.rawValue)",
                remedy:
                    "imgadm update \(uuid) asks the sources; zfs set imgadm:ignore=true \(pool)/\(uuid) says that it is none",
                repair: nil)
        case .hidden(let uuid, let pool):
            self.init(
                kind: "not-mounted", problem: "image \(uuid) on zpool \"\(pool)\" is not mounted, or has no device",
                remedy: "mount it", repair: mend)
        case .unreadableRecord(let uuid, let pool):
            self.init(
                kind: "record-damaged", problem: "the record of image \(uuid) on zpool \"\(pool)\" cannot be read",
                remedy:
                    "imgadm update \(uuid) asks the sources for its manifest, imgadm install -P \(pool) -m MANIFEST -f FILE takes it from the image's files",
                repair: nil)
        case .imageWithoutRecord(let uuid, let pool):
            self.init(
                kind: "no-record",
                problem:
                    "dataset \(pool)/\(uuid) is an image that has no record here, as images of another IMGADM_ROOT",
                remedy:
                    "imgadm update \(uuid) asks the sources, imgadm install -P \(pool) -m MANIFEST -f FILE takes it from the image's files; it may be somebody's dataset, too",
                isRemark: true, repair: nil)
        case .noFinal(let uuid, let pool, let snapshot?):
            self.init(
                kind: "final", problem: "image \(uuid) on zpool \"\(pool)\" has no @final, but \(snapshot) is it",
                remedy: "rename the snapshot", repair: mend)
        case .noFinal(let uuid, let pool, nil):
            self.init(
                kind: "no-final", problem: "image \(uuid) on zpool \"\(pool)\" has no snapshot @final",
                remedy:
                    "imgadm update \(uuid) asks the sources which snapshot that is; else nothing can be cloned of it: delete and import it",
                repair: nil)
        case .replaced(let uuid, let pool, let guid, let recorded):
            self.init(
                kind: "replaced",
                problem:
                    "what is at \(pool)/\(uuid) is not the image that was installed: its @final has the guid \(guid), that of the image was \(recorded)",
                remedy: "find out who replaced it; to have the image again, delete it and import it", repair: nil)
        case .otherGUID(let uuid, let pool, let guid, let stated):
            self.init(
                kind: "guid",
                problem:
                    "the record of image \(uuid) on zpool \"\(pool)\" states the guid \(stated) of its @final, which has \(guid)",
                remedy:
                    "imgadm update \(uuid) writes down the one that is there; to have the image of the source, delete it and import it",
                repair: nil)
        case .leftover(let uuid, let pool):
            self.init(
                kind: "leftover", problem: "a run that died has left dataset \(pool)/\(uuid)-partial",
                remedy: "imgadm delete -P \(pool) \(uuid) clears it, or says what keeps it", repair: mend)
        case .halfDeleted(let uuid, let pool):
            self.init(
                kind: "leftover",
                problem: "a deletion of image \(uuid) that died has left a part of it, dataset \(pool)/\(uuid)",
                remedy: "imgadm delete -P \(pool) \(uuid) completes it, or says what keeps it", repair: mend)
        case .deletionNoted(let uuid, let pool):
            self.init(
                kind: "deletion",
                problem: "a deletion of image \(uuid) on zpool \"\(pool)\" died before it took anything of it",
                remedy: "forget it; imgadm delete -P \(pool) \(uuid) deletes the image", repair: mend)
        case .noteWithoutDataset(let uuid, let pool):
            self.init(
                kind: "deletion",
                problem:
                    "a deletion of image \(uuid) on zpool \"\(pool)\" that died was of a dataset which is not there any more",
                remedy: "forget it", repair: mend)
        case .unreadableNote(let uuid, let path, let reason):
            self.init(
                kind: "note-damaged",
                problem: "what is at \"\(path)\" is no note of a deletion of image \(uuid) that can be read: \(reason)",
                remedy: "remove it; what that deletion has left, if anything, goes by imgadm delete -f \(uuid)",
                repair: nil)
        case .inTheWay(let uuid, let pool):
            let failure = ImageStore.inTheWay(of: uuid, in: pool)
            self.init(kind: "in-the-way", problem: failure.message, remedy: failure.hint ?? "", repair: nil)
        case .temporaryFile(let path):
            self.init(
                kind: "temporary-file", problem: "\"\(path)\" was left by a run that died", remedy: "remove it",
                repair: mend)
        }
    }
}
