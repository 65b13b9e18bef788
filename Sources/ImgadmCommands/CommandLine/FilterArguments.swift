import ImageModel
import ImageTool
import ZFS

/// Filters of installed images as they are typed: where the UUID of one is wanted, it may be named as everywhere.
enum FilterArguments {
    private static let fields = ["uuid", "origin"]

    /// The filters with UUIDs.
    ///
    /// - Parameter pool: nil for all pools.
    /// - Throws: `AmbiguousName`.
    static func settled(
        _ filters: [String], in pool: PoolName?, _ context: CommandContext
    ) async throws -> [String] {
        var settled: [String] = []
        for filter in filters {
            let parts = filter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, fields.contains(parts[0]), !parts[1].hasPrefix("~"), !parts[1].isEmpty,
                ImageUUID(typed: parts[1]) == nil
            else {
                settled.append(filter)
                continue
            }
            // What names no image is the UUID of none: there are no rows for it, as there always were none.
            let uuid = try await context.tool.image(named: parts[1], in: pool)
            settled.append(uuid.map { "\(parts[0])=\($0)" } ?? filter)
        }
        return settled
    }
}
