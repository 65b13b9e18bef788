import Failure
import ImageModel
import ZFS

/// Why a dataset with a UUID's name, of which nothing is known, may be no image but somebody's data: a VM's dataset that was
/// promoted, for one (state.md, "Datasets").
public enum ImageDoubt: String, Sendable, Hashable {
    case noFinal = "it has no record, and no snapshot @final"
    case written = "it has no record, and data was written to it since its snapshot @final"
}

extension ImageStore {
    /// What is known of datasets that have no record.
    struct Unrecorded {
        /// Those that are still there.
        fileprivate(set) var there: Set<DatasetName> = []
        /// Those of them that have a `@final` which counts: none that `create` has taken of a machine.
        fileprivate(set) var withFinal: Set<DatasetName> = []
        fileprivate(set) var doubts: [DatasetName: ImageDoubt] = [:]
    }

    /// Looks at datasets that have no record; nothing is changed for that. ZFS without the property `written` is asked for the
    /// sizes, which tell less (`doubt` tells for sure). They may come and go meanwhile: others have their records elsewhere.
    func unrecorded(_ names: [DatasetName]) async throws -> Unrecorded {
        guard !names.isEmpty else { return Unrecorded() }
        let known = try await zfs.ofNoMachines(finalSnapshot, of: names)
        let finals = known.snapshots.filter { known.datasets.contains($0.dataset) }.sorted()
        var found = Unrecorded(there: known.datasets, withFinal: Set(finals.map(\.dataset)))
        for name in known.datasets.subtracting(found.withFinal) { found.doubts[name] = .noFinal }
        guard !finals.isEmpty else { return found }
        let isWritten =
            if let written = try await zfs.written(since: finalSnapshot, to: finals.map(\.dataset)) {
                written.mapValues { $0 != 0 }
            } else { try await zfs.differInSize(from: finals) }
        for (name, isWritten) in isWritten where isWritten { found.doubts[name] = .written }
        let untold = found.withFinal.subtracting(isWritten.keys).sorted()
        guard !untold.isEmpty else { return found }
        // Their `@final` has gone since, alone or with them.
        let look = try await zfs.lookUp(untold)
        for name in untold {
            found.withFinal.remove(name)
            if look.dataset(name) == nil { found.there.remove(name) } else { found.doubts[name] = .noFinal }
        }
        return found
    }

    /// Why what was looked up at an image's place may be no image, or another; nil where nothing speaks against it. Nothing is changed
    /// for that.
    public func doubt(about image: InstalledImage) async throws -> String? {
        let name = DatasetName.image(image.uuid, in: image.pool)
        guard image.isKnown else { return try await unrecorded([name]).doubts[name]?.rawValue }
        guard let made = image.made, image.foundGUID != made.snapshotGUID else { return nil }
        guard let guid = image.foundGUID else {
            return
                "it has no snapshot @\(finalSnapshot), of which it could be cloned (imgadm delete -f, and it can be installed again)"
        }
        return Self.replacement(of: made, by: guid)
    }

    /// The same of an image without a record, for sure: a snapshot may be taken for that. Its lock must be held.
    public func certainDoubt(about image: InstalledImage) async throws -> String? {
        try await doubt(of: DatasetName.image(image.uuid, in: image.pool))?.rawValue
    }

    /// The doubt about a dataset that has no record. The image's lock must be held.
    func doubt(of name: DatasetName) async throws -> ImageDoubt? {
        guard let final = try await zfs.ofNoMachines(finalSnapshot, of: [name]).snapshots.first else { return .noFinal }
        try await zfs.flush(name.poolName)
        if let written = try await zfs.written(since: finalSnapshot, to: [name]) {
            // What is not told, too: its `@final` has gone.
            return written[name] == 0 ? nil : .written
        }
        do {
            return try await zfs.differs(from: final) ? .written : nil
        } catch let error as ZFSError where error.kind == .noSpace {
            throw Failure(
                .noSpace,
                "whether data was written to \"\(name)\" since its snapshot @\(finalSnapshot) cannot be told: the pool has no room for a snapshot",
                cause: error, hint: "make room in the pool; or delete -f destroys it, whatever was written to it")
        }
    }
}
