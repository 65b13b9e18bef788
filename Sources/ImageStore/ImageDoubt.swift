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
    /// The doubts about datasets that have no record; nothing is changed for that. ZFS without the property `written` is
    /// asked for the sizes, which tell less (`doubt` tells for sure).
    ///
    /// - Parameter finals: those of them that count.
    func doubts(of names: [DatasetName], finals: Set<SnapshotName>) async throws -> [DatasetName: ImageDoubt] {
        guard !names.isEmpty else { return [:] }
        let finals = finals.sorted()
        let withFinal = Set(finals.map(\.dataset))
        var doubts: [DatasetName: ImageDoubt] = [:]
        for name in names where !withFinal.contains(name) { doubts[name] = .noFinal }
        guard !finals.isEmpty else { return doubts }
        if let written = try await zfs.written(since: finalSnapshot, to: finals.map(\.dataset)) {
            for name in withFinal where written[name] != 0 { doubts[name] = .written }
        } else {
            for name in try await zfs.differingInSize(from: finals) { doubts[name] = .written }
        }
        return doubts
    }

    /// The `@final` of datasets that have no record: not those that `create` has taken of machines.
    func finals(of names: [DatasetName]) async throws -> Set<SnapshotName> {
        let finals = try await zfs.existing(names.compactMap { $0.snapshot(finalSnapshot) })
        return finals.subtracting(try await zfs.ofMachines(finals.sorted()))
    }

    /// Why what was looked up at an image's place may be no image, or another; nil where nothing speaks against it. Nothing is changed
    /// for that.
    public func doubt(about image: InstalledImage) async throws -> String? {
        let name = DatasetName.image(image.uuid, in: image.pool)
        guard image.isKnown else { return try await doubts(of: [name], finals: finals(of: [name]))[name]?.rawValue }
        guard let made = image.made, image.foundGUID != made.snapshotGUID else { return nil }
        guard let guid = image.foundGUID else { return "it has no snapshot @\(finalSnapshot)" }
        return
            "its @\(finalSnapshot) has the guid \(guid), and that of the image that was installed had \(made.snapshotGUID)"
    }

    /// The doubt about a dataset that has no record. The image's lock must be held.
    func doubt(of name: DatasetName) async throws -> ImageDoubt? {
        guard let final = try await finals(of: [name]).first else { return .noFinal }
        try await zfs.flush(name.poolName)
        if let written = try await zfs.written(since: finalSnapshot, to: [name]) {
            return written[name] == 0 ? nil : .written
        }
        return try await zfs.differs(from: final) ? .written : nil
    }
}
