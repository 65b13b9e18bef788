import ImageModel
import Synchronization

/// Lets those who change one image go one after the other, in the order in which they came. Who changes another image does
/// not wait for them.
final class ImageTurns: Sendable {
    private struct State {
        /// The last of those who wait for an image.
        var last: [ImageUUID: (number: Int, task: Task<Void, Never>)] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// Does work when all is done that was asked for before of the same image. What has begun is not broken off.
    func inTurn(_ uuid: ImageUUID, _ work: @escaping @Sendable () async throws -> Void) async throws {
        let (number, task) = state.withLock { state in
            let before = state.last[uuid]?.task
            let task = Task {
                await before?.value
                try await work()
            }
            let number = state.next
            state.next &+= 1
            state.last[uuid] = (number, Task { _ = await task.result })
            return (number, task)
        }
        defer { state.withLock { if $0.last[uuid]?.number == number { $0.last[uuid] = nil } } }
        try await task.value
    }
}
