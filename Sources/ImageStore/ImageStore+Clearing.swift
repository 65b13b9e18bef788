public import Failure
import Host
public import ImageModel
public import ZFS

/// What runs that died have left on a pool, all of it (cli.md §3, vacuum).
extension ImageStore {
    /// What became of it.
    public struct Clearing: Sendable {
        /// The images of which something was cleared; in a dry run, would be.
        public fileprivate(set) var images: [(uuid: ImageUUID, pool: PoolName)] = []
        /// Why the rest stays.
        public fileprivate(set) var failures: [any CodedError] = []
        /// The datasets that went, or would.
        public fileprivate(set) var datasets: Set<DatasetName> = []

        public var hasCleared: Bool { !images.isEmpty }

        /// Nothing yet.
        public init() {}
    }

    /// Finishes what runs that died have begun on a pool, or on all: what they had not yet destroyed, and records of images
    /// that are gone. What cannot go keeps none of the others.
    ///
    /// - Parameters:
    ///   - dryRun: changes nothing, and takes no lock.
    ///   - tell: is told what was cleared, or would be.
    public func clearLeftovers(
        in only: PoolName?, dryRun: Bool = false, tell: (String) -> Void
    ) async throws -> Clearing {
        var clearing = Clearing()
        for disorder in try await disorders(in: only, ofImages: false) {
            switch disorder {
            case .leftover(let uuid, let pool), .recordWithoutDataset(let uuid, let pool),
                .halfDeleted(let uuid, let pool):
                // What another run is at work on was left out.
                let lock = dryRun ? nil : try await tryLock(uuid, in: pool)
                guard dryRun || lock != nil else { continue }
                defer { lock?.release() }
                do {
                    try await clearLeftovers(of: uuid, in: pool, dryRun: dryRun, tell: tell)
                    clearing.images.append((uuid, pool))
                    if case .leftover = disorder { clearing.datasets.insert(.partial(uuid, in: pool)) }
                    if case .halfDeleted = disorder { clearing.datasets.insert(.image(uuid, in: pool)) }
                } catch let error as any CodedError { clearing.failures.append(error) }
            case .noteWithoutDataset where !dryRun:
                do {
                    _ = try await repair(disorder)
                } catch let error as any CodedError { clearing.failures.append(error) }
            default: continue
            }
        }
        return clearing
    }
}
