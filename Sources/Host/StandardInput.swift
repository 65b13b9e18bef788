import SystemPackage

/// Standard input, read whole.
public enum StandardInput {
    /// Waits on a thread of its own, and can be cancelled.
    ///
    /// - Throws: `FileSystemError` for what is longer than the limit; `CancellationError`.
    public static func read(limit: Int) async throws -> [UInt8] {
        try await withTaskExecutorPreference(DedicatedThread("input")) {
            do {
                return try HostFile.readAll(.standardInput, limit: limit)
            } catch let cancellation as CancellationError {
                throw cancellation
            } catch {
                throw HostFile.failure("cannot read", what: "standard input", error)
            }
        }
    }
}
