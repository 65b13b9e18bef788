/// Work that many may wait for and one does, whose result stays. It is given up when nobody waits any more; what failed is done
/// anew for the next one who asks.
actor SharedWork<Value: Sendable> {
    private let work: @Sendable () async throws -> Value
    private var done: Value?
    private var task: Task<Value, any Error>?
    private var waiting = 0

    init(_ work: @escaping @Sendable () async throws -> Value) { self.work = work }

    /// - Throws: what the work throws; `CancellationError`.
    func value() async throws -> Value {
        if let done { return done }
        let task = self.task ?? begin()
        waiting += 1
        do {
            let value = try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                Task { await self.leave(task) }
            }
            done = value
            return value
        } catch {
            if self.task == task { self.task = nil }
            throw error
        }
    }

    private func begin() -> Task<Value, any Error> {
        let task = Task { [work] in try await work() }
        self.task = task
        waiting = 0
        return task
    }

    private func leave(_ left: Task<Value, any Error>) {
        guard task == left else { return }
        waiting -= 1
        guard waiting == 0 else { return }
        left.cancel()
        task = nil
    }
}
