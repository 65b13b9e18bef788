public import NIOPosix

/// Threads for what waits for a disk, so that neither the tasks of the server nor its connections wait for it: those that
/// read do not wait for those that flush.
public enum BlockingIO {
    public static let reading = started(threads: 8)
    public static let writing = started(threads: 8)

    /// Never stopped: they live as long as the process.
    private static func started(threads: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        return pool
    }
}
