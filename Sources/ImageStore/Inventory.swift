public import ImageModel
import Time
import VirtualMachines
public import ZFS

/// Which images are installed. ZFS is asked for no more than the question needs: never for snapshots that the rules do not
/// name, and for a single image never for other datasets.
extension ImageStore {
    /// Datasets, and what they are.
    struct Inventory {
        var images: [InstalledImage]
        let datasets: [Dataset]
        /// The images that have their `@final`, as far as that was looked at.
        let withFinal: Set<DatasetName>
    }

    /// All images of all pools, or of one.
    ///
    /// - Throws: `PoolNotFound`.
    public func images(in pool: PoolName? = nil) async throws -> [InstalledImage] {
        try await inventory(in: pool).images
    }

    /// One `zfs list` of the datasets; a second one for the `@final` of those that are clones of an image, to tell an
    /// incremental image from a VM. Where there are datasets without a record, some more tell whether they may be no images.
    ///
    /// - Parameter findsFinals: the `@final` of the others is looked for, too, in the same call.
    func inventory(in pool: PoolName?, findingFinals findsFinals: Bool = false) async throws -> Inventory {
        let datasets = if let pool { try await zfs.datasets(in: pool) } else { try await zfs.datasets() }
        return try await inventory(of: datasets, ofAllPools: pool == nil, findingFinals: findsFinals)
    }

    /// The same of datasets that were listed. Which of them have gone since is found where more is asked about them: others are at work
    /// on the pool, too, and have their records elsewhere.
    func inventory(
        of datasets: [Dataset], ofAllPools areAll: Bool, findingFinals findsFinals: Bool = false
    ) async throws -> Inventory {
        let roots = try await machines.rootFolders()
        let candidates = datasets.compactMap { dataset in
            ImageRule.uuid(of: dataset, roots: roots).map { (uuid: $0, dataset: dataset) }
        }
        let asked = findsFinals ? candidates : candidates.filter { ImageRule.needsFinal($0.dataset) }
        let finals = try await zfs.existing(asked.compactMap { $0.dataset.name.snapshot(finalSnapshot) })
        var withFinal = Set(finals.map(\.dataset))
        let dependents = ImageRule.dependents(datasets)
        let images = candidates.filter { !ImageRule.needsFinal($0.dataset) || withFinal.contains($0.dataset.name) }
        // All pools are known only if all were asked for.
        let pools = areAll ? Set(datasets.map(\.name.poolName)) : nil
        // A pool comes before what is on it. What a property with line breaks has made up counts for no lock.
        var guids: [PoolName: UInt64] = [:]
        for dataset in datasets where dataset.name.description.utf8.count == dataset.name.pool.utf8.count {
            if guids[dataset.name.poolName] == nil { guids[dataset.name.poolName] = dataset.guid }
        }
        var names: [ImageUUID: [String]]?
        var found: [InstalledImage] = []
        var unrecorded: [DatasetName] = []
        let noted = Set(try hostNotes.all().map(\.uuid))
        var begun: [(image: InstalledImage.ID, dataset: Dataset, record: ImageRecord?)] = []
        for (uuid, dataset) in images {
            let pool = dataset.name.poolName
            func others() throws -> [String] {
                let all = try names ?? Dictionary(grouping: records.all(), by: \.uuid).mapValues { $0.map(\.pool) }
                names = all
                return (all[uuid] ?? []).filter { $0 != pool.description }
            }
            let record = try await record(uuid, pool, guid: guids[pool], pools: pools, others: others)
            if record == nil { unrecorded.append(dataset.name) }
            if noted.contains(uuid) || record?.deleting != nil {
                begun.append((InstalledImage.ID(uuid: uuid, pool: pool), dataset, record))
            }
            found.append(
                InstalledImage(
                    uuid: uuid, pool: pool, record: record, origin: dataset.origin,
                    cloneNames: dependents[dataset.name] ?? []))
        }
        if !begun.isEmpty {
            let names = begun.map(\.dataset.name)
            let look = try await zfs.lookUp(names, names.compactMap { $0.snapshot(finalSnapshot) })
            for (image, dataset, record) in begun {
                let left = try await HalfDeleted(
                    dataset, look, note: { hostNotes.read(image.uuid, pool: try await self.guid(of: image.pool)) },
                    record: { record })
                guard left != nil else { continue }
                found.removeAll { $0.id == image }
                unrecorded.removeAll { $0 == dataset.name }
            }
        }
        let known = try await self.unrecorded(unrecorded)
        let gone = Set(unrecorded).subtracting(known.there)
        let machines = withFinal.intersection(unrecorded).subtracting(known.withFinal)
        withFinal.subtract(machines)
        if !unrecorded.isEmpty {
            found = found.compactMap { image in
                let name = DatasetName.image(image.uuid, in: image.pool)
                guard !gone.contains(name), !ImageRule.needsFinal(image.origin) || !machines.contains(name) else {
                    return nil
                }
                var image = image
                image.doubt = known.doubts[name]
                return image
            }
        }
        return Inventory(images: found, datasets: datasets, withFinal: withFinal)
    }

    /// Those that are still there, with what each takes of the disk: one more call.
    public func measured(_ images: [InstalledImage]) async throws -> [InstalledImage] {
        let names = images.map { DatasetName.image($0.uuid, in: $0.pool) }
        guard !names.isEmpty else { return images }
        let numbers = try await zfs.numbers(["used", "usedbydataset", "usedbysnapshots", "referenced"], of: names)
        return zip(images, names).compactMap { image, name in
            guard let found = numbers[name] else { return nil }
            var image = image
            if let used = found["used"], let referenced = found["referenced"] {
                let unique = (found["usedbydataset"] ?? 0) + (found["usedbysnapshots"] ?? 0)
                image.space = ImageSpace(used: used, unique: unique, referenced: referenced)
            }
            return image
        }
    }

    /// Those that are still there, with when each came here: one more call.
    public func dated(_ images: [InstalledImage]) async throws -> [InstalledImage] {
        guard !images.isEmpty else { return images }
        let arrivals = try await arrivals(of: images)
        return images.compactMap { image in
            guard let seconds = arrivals[image.id] else { return nil }
            var image = image
            let (milliseconds, isOver) = seconds.multipliedReportingOverflow(by: 1000)
            if !isOver { image.arrival = Timestamp(milliseconds: milliseconds) }
            return image
        }
    }

    /// The datasets with a UUID for their names that are no images: those of virtual machines.
    public func machineDatasets() async throws -> [ImageUUID] {
        let inventory = try await inventory(in: nil)
        let images = Set(inventory.images.map { DatasetName.image($0.uuid, in: $0.pool) })
        return inventory.datasets.compactMap { dataset in
            guard !images.contains(dataset.name), let uuid = ImageUUID(String(dataset.name.lastComponent)) else {
                return nil
            }
            return dataset.name == .image(uuid, in: dataset.name.poolName) ? uuid : nil
        }
    }

    /// The snapshots of an image and the datasets that are clones of one of them.
    public func children(of image: InstalledImage) async throws -> (snapshots: [SnapshotName], clones: [DatasetName]) {
        let name = DatasetName.image(image.uuid, in: image.pool)
        let snapshots = try await zfs.snapshots(of: name)
        let clones = try await clones(of: name, in: image.pool)
        return (snapshots, clones)
    }

    /// Every dataset, of whatever form, that is a clone of a snapshot of this one.
    func clones(of name: DatasetName, in pool: PoolName) async throws -> [DatasetName] {
        try await zfs.datasets(in: pool).filter { $0.origin?.dataset == name }.map(\.name)
    }
}

/// What counts as an image (state.md, "Datasets").
enum ImageRule {
    /// The UUID in the name of a dataset that may be an image: `POOL/UUID`, not a VM's root, not to be ignored.
    static func uuid(of dataset: Dataset, roots: Set<String>) -> ImageUUID? {
        let name = dataset.name
        let last = name.lastComponent
        guard name.description.utf8.count == name.pool.utf8.count + 1 + last.utf8.count, !dataset.isIgnored,
            let uuid = ImageUUID(last), dataset.mountpoint.map(roots.contains) != true
        else { return nil }
        return uuid
    }

    /// A clone of an image is an image itself only if it has a `@final` of its own; else it is a VM's.
    static func needsFinal(_ dataset: Dataset) -> Bool { needsFinal(dataset.origin) }
    static func needsFinal(_ origin: SnapshotName?) -> Bool { origin?.name == finalSnapshot }

    /// The clones of each dataset that are VMs', their disks', or images.
    static func dependents(_ datasets: [Dataset]) -> [DatasetName: [DatasetName]] {
        var result: [DatasetName: [DatasetName]] = [:]
        for dataset in datasets {
            guard let origin = dataset.origin, isMachineForm(dataset.name) else { continue }
            result[origin.dataset, default: []].append(dataset.name)
        }
        return result
    }

    /// `POOL/UUID`, `POOL/UUID-diskN` or `POOL/UUID/diskN`.
    private static func isMachineForm(_ name: DatasetName) -> Bool {
        let below = name.description.utf8.dropFirst(name.pool.utf8.count + 1)
        guard ImageUUID(Substring(below.prefix(36))) != nil else { return false }
        let tail = below.dropFirst(36)
        guard let sign = tail.first else { return true }
        return (sign == UInt8(ascii: "-") || sign == UInt8(ascii: "/")) && isDisk(tail.dropFirst())
    }

    private static func isDisk(_ name: Substring.UTF8View) -> Bool {
        name.starts(with: "disk".utf8) && name.count > 4
            && name.dropFirst(4).allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
