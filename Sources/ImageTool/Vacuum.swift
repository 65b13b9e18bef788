public import Failure
import Glibc
public import ImageModel
public import ImageStore
import JSON
public import ZFS

/// Which unused images may be deleted; all of them unless told otherwise.
public struct VacuumChoice: Sendable {
    /// Images that stay, with all they build on.
    public var excluded: Set<ImageUUID> = []
    /// Of these names, how many versions stay on each pool: those that were published last.
    public var kept: [String: Int] = [:]
    /// Only images that have been on this host for so many seconds.
    public var leastAge: Int64?
    private let query: ImageQuery

    /// - Parameter filters: conditions that an image must meet, as `list` takes them.
    /// - Throws: `Usage`.
    public init(filters: [String] = []) throws(Failure) {
        query = try ImageQuery(columns: "uuid", filters: filters)
    }

    /// - Throws: `Usage` for a field that no image has: nothing would go, and nobody would know why.
    func check(_ images: [InstalledImage], areAll: Bool) throws(Failure) {
        try query.checkFields(among: images, areAll: areAll) { JSONValue.object($0.manifest.json) }
    }

    /// The images that may go by name, version and filters.
    func allowed(_ images: [InstalledImage]) -> [InstalledImage] {
        var newest: Set<InstalledImage.ID> = []
        for (name, count) in kept {
            for versions in Dictionary(grouping: images.filter { $0.manifest.name == name }, by: \.pool).values {
                let sorted = versions.sorted {
                    ($0.manifest.publishedAt ?? "", $0.uuid) > ($1.manifest.publishedAt ?? "", $1.uuid)
                }
                newest.formUnion(sorted.prefix(count).map(\.id))
            }
        }
        return query.rows(of: images, manifest: { .object($0.manifest.json) }, extras: \.extras).map(\.image)
            .filter { !excluded.contains($0.uuid) && !newest.contains($0.id) }
    }
}

extension ImageTool {
    /// The images that nothing depends on any more, those that build on others first (cli.md §3, vacuum).
    ///
    /// - Parameters:
    ///   - pool: the one to look at; nil for all.
    ///   - going: datasets that keep nothing, since they go before.
    /// - Throws: `PoolNotFound`.
    public func unusedImages(
        _ choice: VacuumChoice, in pool: PoolName?, without going: Set<DatasetName> = []
    ) async throws -> ImageStore.Unneeded {
        try await store.unused(in: pool, without: going) { images in
            try choice.check(images, areAll: pool == nil)
            var allowed = choice.allowed(images)
            if let least = choice.leastAge {
                let arrivals = try await store.arrivals(of: allowed)
                // Both are positive.
                let latest = Int64(time(nil)) - least
                allowed = allowed.filter { arrivals[$0.id].map { $0 <= latest } ?? false }
            }
            return Set(allowed.map(\.id))
        }
    }

    /// Looks whether the names of which some are to be kept are there. A slip of the keyboard would let go what was to stay; what is
    /// on other hosts only is no mistake.
    ///
    /// - Throws: `ImageNotInstalled` for a name that is none, but nearly one.
    public func checkKept(_ choice: VacuumChoice, in pool: PoolName?, _ report: Report) async throws {
        guard !choice.kept.isEmpty else { return }
        let names = Set(try await store.images().filter { pool == nil || $0.pool == pool }.compactMap(\.manifest.name))
        for name in choice.kept.keys.sorted() where !names.contains(name) {
            // Two versions of a system are no slip.
            let others = names.filter { choice.kept[$0] == nil && Self.letters($0) != Self.letters(name) }
            let problem = "no image is called \"\(name)\""
            guard let hint = Suggestion.hint(for: name, among: others) else {
                report.warning("\(problem): --keep keeps none of that name")
                continue
            }
            throw Failure(.imageNotInstalled, "--keep: \(problem)", hint: hint)
        }
    }

    private static func letters(_ name: String) -> String { name.filter { !$0.isNumber } }

    /// Finishes what runs that died have begun. What is left of a deletion may be a clone of an image, which is unused only
    /// then: so this comes before unused images are looked for.
    ///
    /// - Parameters:
    ///   - pool: where leftovers are looked for; nil for all.
    ///   - dryRun: says what would be done and changes nothing.
    /// - Throws: `PoolNotFound`.
    public func clearLeftovers(
        in pool: PoolName?, dryRun: Bool, _ report: Report
    ) async throws -> ImageStore.Clearing {
        if let pool { _ = try await store.look(for: [], in: pool).room() }
        let cleared = try await store.clearLeftovers(in: pool, dryRun: dryRun, tell: report.line)
        // A run that was killed when all but giving its lock back was done has left nothing else.
        if !dryRun { try store.sweepLocks() }
        for (uuid, pool) in cleared.images {
            var result = ImageResult(.cleared, nil, title: uuid.description, in: pool)
            (result.uuid, result.isRequested, result.isPlanned) = (uuid, false, dryRun)
            report.did(result)
        }
        return cleared
    }

    /// Tells which images nothing depends on that stay all the same, and why.
    public func tellKept(_ unneeded: ImageStore.Unneeded, _ report: Report) {
        for (image, reason) in unneeded.kept {
            var result = ImageResult(.kept, image, title: image.progressTitle)
            (result.isRequested, result.reason) = (false, reason)
            report.did(result)
        }
    }

    /// Deletes unused images. Each is looked at again under its lock: what has come into use meanwhile stays.
    ///
    /// - Throws: after all that could be deleted, why the others were not.
    ///
    /// - Parameter dryRun: says what would be done and changes nothing.
    public func vacuum(_ images: [ImageStore.Unused], dryRun: Bool, _ report: Report) async throws {
        var failures: [Failure] = []
        for unused in images {
            let image = unused.image
            do {
                if !dryRun {
                    guard try await remove(image.uuid, in: image.pool, force: false, report) else { continue }
                }
                var result = ImageResult(.deleted, image, title: image.progressTitle)
                result.isPlanned = dryRun
                result.isRequested = false
                result.bytes = unused.bytes.map { Int64(clamping: $0) }
                report.did(result)
            } catch let error as any CodedError {
                failures.append(error.failure)
            }
        }
        if let failure = Failure.combining(failures) { throw failure }
    }
}

extension InstalledImage {
    /// How lines of progress name it: `UUID (NAME@VERSION)`, or the UUID alone; what docker has by what that calls it.
    public var progressTitle: String {
        let references = references
        guard references.isEmpty else { return "\(uuid) (\(references.joined(separator: ",")))" }
        if manifest.imageType == .docker, let repository = manifest.tags["docker:repo"]?.stringValue {
            return "\(uuid) (layer of \(repository))"
        }
        return manifest.name == nil || manifest.version == nil ? uuid.description : "\(uuid) (\(manifest.title))"
    }
}
