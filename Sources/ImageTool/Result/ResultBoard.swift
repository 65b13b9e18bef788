import Synchronization

/// What the verbs of one command did, in the order in which it was done, and what they warned of.
public final class ResultBoard: Sendable {
    private struct State {
        var results: [ImageResult] = []
        var warnings: [String] = []
    }

    private let state = Mutex(State())

    public init() {}

    public var results: [ImageResult] { state.withLock { $0.results } }
    public var warnings: [String] { state.withLock { $0.warnings } }

    func add(_ result: ImageResult) { state.withLock { $0.results.append(result) } }

    /// Keeps a warning.
    public func warn(_ text: String) { state.withLock { $0.warnings.append(text) } }
}
