import Failure
public import ImageModel
public import ZFS

/// Which images nothing depends on (cli.md §3, vacuum).
extension ImageStore {
    /// An image that may go, and what that gives free.
    public struct Unused: Sendable {
        public let image: InstalledImage
        /// Bytes that its dataset holds, where ZFS told.
        public let bytes: UInt64?
    }

    /// What nothing depends on.
    public struct Unneeded: Sendable {
        /// Those that may go, those first that build on others.
        public let unused: [Unused]
        /// Those that nothing depends on, but that are not what was installed, or that deleting would refuse, and why.
        public let kept: [(image: InstalledImage, reason: String)]
    }

    /// When the dataset of each image that is still there was made here, in seconds since 1970.
    ///
    /// - Throws: `ZfsError` for a time that cannot be read.
    public func arrivals(of images: [InstalledImage]) async throws -> [InstalledImage.ID: Int64] {
        let names = images.map { DatasetName.image($0.uuid, in: $0.pool) }
        let moments = try await zfs.numbers(["creation"], of: names)
        var arrivals: [InstalledImage.ID: Int64] = [:]
        for (image, name) in zip(images, names) {
            guard let found = moments[name] else { continue }
            guard let moment = found["creation"] else {
                throw Failure(.zfs, "when dataset \"\(name)\" was made cannot be read")
            }
            arrivals[image.id] = Int64(clamping: moment)
        }
        return arrivals
    }

    /// The images of a pool, or of all, that nothing but images that go as well depends on, those that build on others first.
    ///
    /// Anything that is a clone of an image keeps it, whatever its name is. So does anything below it. An image without a
    /// record or without `@final` might be somebody's dataset that merely has a UUID's name: it is never among them. Nor is
    /// one that is being worked on, or that an import which is at work builds on; nor one that has a snapshot of somebody's.
    ///
    /// - Parameters:
    ///   - going: datasets that keep nothing, since they go before.
    ///   - mayGo: the images that may go at all.
    /// - Throws: `PoolNotFound`.
    public func unused(
        in pool: PoolName?, without going: Set<DatasetName> = [],
        _ mayGo: ([InstalledImage]) async throws -> Set<InstalledImage.ID>
    ) async throws -> Unneeded {
        let inventory = try await inventory(in: pool, findingFinals: true)
        let (images, withFinal) = (inventory.images, inventory.withFinal)
        let names = Dictionary(images.map { (DatasetName.image($0.uuid, in: $0.pool), $0) }) { one, _ in one }
        let allowed = try await mayGo(images.filter(\.isKnown))
        var candidates = Set(names.filter { allowed.contains($0.value.id) && withFinal.contains($0.key) }.keys)
        for pool in Set(candidates.map(\.poolName)) {
            let locks = try await locks(of: pool)
            for name in candidates where name.poolName == pool {
                if let uuid = names[name]?.uuid, try locks.isHeld(uuid) { candidates.remove(name) }
            }
        }
        var dependents: [DatasetName: [DatasetName]] = [:]
        for dataset in inventory.datasets where !going.contains(dataset.name) {
            if let origin = dataset.origin { dependents[origin.dataset, default: []].append(dataset.name) }
            // What is below an image is no part of it.
            for name in dataset.name.above where names[name] != nil {
                dependents[name, default: []].append(dataset.name)
            }
        }
        var order = Self.order(candidates, dependents)
        let there = Set(inventory.datasets.map(\.name)).subtracting(going)
        let kept = try await reasonsToKeep(order.compactMap { names[$0] }, beside: there)
        if !kept.isEmpty {
            candidates.subtract(kept.keys)
            order = Self.order(candidates, dependents)
        }
        let sizes = try await zfs.numbers(["used"], of: order)
        return Unneeded(
            unused: order.compactMap { name in
                // What has gone since needs not go.
                guard let image = names[name], let found = sizes[name] else { return nil }
                return Unused(image: image, bytes: found["used"])
            },
            kept: kept.sorted { $0.key < $1.key }.compactMap { name, reason in names[name].map { ($0, reason) } })
    }

    /// Why images stay that nothing depends on: what a deletion without force refuses, as far as it is to be seen beforehand.
    ///
    /// - Parameter there: the datasets that there are.
    private func reasonsToKeep(
        _ images: [InstalledImage], beside there: Set<DatasetName>
    ) async throws -> [DatasetName: String] {
        guard !images.isEmpty else { return [:] }
        let names = images.map { DatasetName.image($0.uuid, in: $0.pool) }
        var kept = try await snapshotsToKeep(among: zfs.snapshots(of: names)).compactMapValues(\.first?.description)
        let finals = names.compactMap { $0.snapshot(finalSnapshot) }
        let look = try await zfs.lookUp([], finals)
        for (image, name) in zip(images, names) where kept[name] == nil {
            // One that has gone since is none.
            if let guid = try name.snapshot(finalSnapshot).flatMap({ try look.guid(of: $0) }) {
                kept[name] = Self.replacement(of: image.made, by: guid)
            }
            if there.contains(.partial(image.uuid, in: image.pool)),
                case .somebodys = try await beside(image.uuid, in: image.pool)
            {
                kept[name] = Self.inTheWay(of: image.uuid, in: image.pool).message
            }
        }
        return kept
    }

    /// The datasets on which nothing but others of them depends, those first that build on others.
    private static func order(
        _ candidates: Set<DatasetName>, _ dependents: [DatasetName: [DatasetName]]
    ) -> [DatasetName] {
        // What something that stays depends on stays, and so on down to the base.
        var order: [DatasetName] = []
        var open = candidates
        while !open.isEmpty {
            let free = open.filter { name in
                (dependents[name] ?? []).allSatisfy { candidates.contains($0) && !open.contains($0) }
            }
            guard !free.isEmpty else { break }
            order += free.sorted()
            open.subtract(free)
        }
        return order
    }
}

extension InstalledImage: Identifiable {
    public struct ID: Sendable, Hashable {
        public let uuid: ImageUUID
        public let pool: PoolName

        public init(uuid: ImageUUID, pool: PoolName) {
            self.uuid = uuid
            self.pool = pool
        }
    }

    public var id: ID { ID(uuid: uuid, pool: pool) }
}
