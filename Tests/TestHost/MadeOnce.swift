import Synchronization

/// What is costly to make and shared by many tests: made by the first that asks, while others that ask wait for it.
public final class MadeOnce<Value: Sendable>: Sendable {
    private let task = Mutex<Task<Value, any Error>?>(nil)
    private let make: @Sendable () async throws -> Value

    public init(_ make: @escaping @Sendable () async throws -> Value) { self.make = make }

    /// - Throws: what making it threw, each time.
    public func get() async throws -> Value {
        let task = task.withLock { task in
            if let task { return task }
            let new = Task { try await make() }
            task = new
            return new
        }
        return try await task.value
    }
}
