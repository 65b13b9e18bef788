public import Failure
import ImageModel
import Synchronization

/// How far a mirror is, for whoever looks.
public final class MirrorProgress: Sendable {
    /// It at one moment.
    public struct Figures: Sendable, Equatable {
        /// Images of the source that are wanted, here or not.
        public var wantedImages = 0
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

    /// - Parameters:
    ///   - wanted: how many images are to be here.
    ///   - sizes: of those that are not.
    func expect(wanted: Int, _ sizes: [Int64]) {
        state.withLock { state in
            state.figures.wantedImages = wanted
            state.figures.images = sizes.count
            // What a source states may be anything.
            state.figures.bytes = sizes.reduce(0) { ByteCount.sum($0, max(0, $1)) }
        }
    }

    func come(_ bytes: Int) { state.withLock { $0.figures.copiedBytes += Int64(bytes) } }
    func finish() { state.withLock { $0.figures.copiedImages += 1 } }
    func pruned(_ count: Int) { state.withLock { $0.figures.prunedImages = count } }
    func fail(_ failures: [Failure]) { state.withLock { $0.failures = failures } }
}
