import Dispatch

/// A thread of its own for work that blocks: reading, hashing, inflating and writing in line, without holding up
/// the shared pool of the other tasks.
public final class DedicatedThread: TaskExecutor {
    private let queue: DispatchQueue

    public init(_ name: String) { queue = DispatchQueue(label: name) }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
