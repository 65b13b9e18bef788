import ImageModel
import Logging
import OCIRegistry
import Synchronization

/// Keeps the index of a repository as its tags are, behind the back of those who change images. What could not be entered is found
/// out by the next one who compares the two.
final class IndexKeeper: Sendable {
    private let artifacts: RemoteRepository
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var waiting: Set<ImageUUID> = []
        var task: Task<Void, Never>?
        /// Why it could not be written the last time.
        var failure: (any Error)?
    }

    init(_ artifacts: RemoteRepository, _ logger: Logger) {
        self.artifacts = artifacts
        self.logger = logger
    }

    /// Of these images the index may not say what the tags do.
    ///
    /// - Parameter look: looks at a tag.
    func enter(_ uuids: Set<ImageUUID>, look: @escaping @Sendable (ImageUUID) async throws -> IndexedImage?) {
        guard !uuids.isEmpty else { return }
        state.withLock { state in
            state.waiting.formUnion(uuids)
            guard state.task == nil else { return }
            state.task = Task { await self.work(look) }
        }
    }

    /// Waits until all is entered.
    ///
    /// - Throws: why it could not be.
    func settle() async throws {
        while let task = state.withLock({ $0.task }) { await task.value }
        let failure = state.withLock { state in
            defer { state.failure = nil }
            return state.failure
        }
        if let failure { throw failure }
    }

    /// What comes while something is entered is entered together.
    private func work(_ look: @escaping @Sendable (ImageUUID) async throws -> IndexedImage?) async {
        while true {
            let uuids = state.withLock { state in
                defer { state.waiting = [] }
                if state.waiting.isEmpty { state.task = nil }
                return state.waiting
            }
            guard !uuids.isEmpty else { return }
            do {
                try await artifacts.enterInIndex(uuids, look: look)
                state.withLock { $0.failure = nil }
            } catch {
                let isKnown = state.withLock { state in
                    defer { state.failure = error }
                    return state.failure != nil
                }
                // A server that may only read says it once.
                logger.log(
                    level: isKnown ? .debug : .warning, "cannot write the index of the images",
                    metadata: ["error": "\(error)"])
            }
        }
    }
}
