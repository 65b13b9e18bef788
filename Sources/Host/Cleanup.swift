/// Runs work that must be done even by a task which was cancelled: taking away what was half done.
///
/// The work sees no cancellation; what it throws is handed on.
public func uncancelled<Value: Sendable>(
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await Task { try await work() }.value
}
