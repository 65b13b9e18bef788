/// Looks at what others on the host do, as what processes have open, on a thread of its own. They can keep who looks waiting for good:
/// `/proc/PID/maps` takes a lock that a process has which waits for a server of files that does not answer.
///
/// - Parameters:
///   - thread: its name.
///   - longest: how long is waited for it.
/// - Returns: nil if it has not come to its end in time. It goes on by itself then, and nobody hears of it.
/// - Throws: what the look throws; `CancellationError`.
public func looking<Value: Sendable>(
    _ thread: String, within longest: Duration, _ look: @escaping @Sendable () throws -> Value
) async throws -> Value? {
    let (looks, tell) = AsyncStream.makeStream(of: Result<Value?, any Error>.self)
    // Not child tasks, which would be waited for.
    Task(executorPreference: DedicatedThread(thread)) {
        do { tell.yield(.success(try await concurrently(look))) } catch { tell.yield(.failure(error)) }
    }
    let timer = Task {
        try await Task.sleep(for: longest)
        tell.yield(.success(nil))
    }
    defer { timer.cancel() }
    for await found in looks { return try found.get() }
    throw CancellationError()
}

@concurrent private func concurrently<Value: Sendable>(_ work: @Sendable () throws -> Value) async throws -> Value {
    try work()
}
