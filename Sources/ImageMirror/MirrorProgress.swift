public import Failure
import Synchronization

/// How far a mirror is, for whoever looks.
public final class MirrorProgress: Sendable {
    /// It at one moment.
    public struct Figures: Sendable, Equatable {
        /// Images to copy, and their bytes.
        public var images = 0
        public var bytes: Int64 = 0
        public var copiedImages = 0
        public var copiedBytes: Int64 = 0
        public var prunedImages = 0
    }

    private struct State {
        var figures = Figures()
        var failures: [Failure] = []
    }

    private let state = Mutex(State())

    public init() {}

    public var figures: Figures { state.withLock { $0.figures } }
    /// What went wrong, an image each.
    public var failures: [Failure] { state.withLock { $0.failures } }

    func expect(_ sizes: [Int64]) {
        state.withLock { state in
            state.figures.images = sizes.count
            // What a source states may be anything.
            state.figures.bytes = sizes.reduce(0) { $0.addingReportingOverflow(max(0, $1)).partialValue }
        }
    }

    func come(_ bytes: Int) { state.withLock { $0.figures.copiedBytes += Int64(bytes) } }
    func finish() { state.withLock { $0.figures.copiedImages += 1 } }
    func pruned(_ count: Int) { state.withLock { $0.figures.prunedImages = count } }
    func fail(_ failures: [Failure]) { state.withLock { $0.failures = failures } }
}
