import Dispatch
import Synchronization

/// A state that is worked on beside whoever has the work: piece by piece, in order, on a thread of its own. For checksums, which take
/// as long as what makes the bytes.
///
/// A task's children would not do: those of a task with a thread of its own (`DedicatedThread`) run on that thread, too.
public final class SideThread<State: Sendable>: Sendable {
    private let state: Mutex<Result<State, any Error>>
    private let queue = DispatchQueue(label: "beside")
    private let room: DispatchSemaphore

    /// - Parameter pieces: that may wait.
    public init(_ state: State, pieces: Int = 4) {
        self.state = Mutex(.success(state))
        room = DispatchSemaphore(value: pieces)
    }

    /// Hands over a piece of work; waits while too much of it is not done. Once one has failed, no other is begun.
    public func add(_ work: @escaping @Sendable (inout State) throws -> Void) {
        room.wait()
        queue.async { [self] in
            state.withLock { state in
                do {
                    var value = try state.get()
                    // Nobody else has it meanwhile, so that it is changed in its place.
                    state = .failure(CancellationError())
                    try work(&value)
                    state = .success(value)
                } catch {
                    state = .failure(error)
                }
            }
            room.signal()
        }
    }

    /// The state after all that was added.
    ///
    /// - Throws: what the first work that failed has thrown.
    public func finish() throws -> State {
        queue.sync {}
        return try state.withLock { try $0.get() }
    }
}
