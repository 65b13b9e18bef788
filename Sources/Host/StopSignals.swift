import Dispatch
import Glibc
import Synchronization

/// SIGINT and SIGTERM as a request to stop: the first cancels the work, which then cleans up behind itself; the
/// second, from somebody who will not wait, ends the process at once.
public final class StopSignals: Sendable {
    private final class State: Sendable {
        let caught = Mutex<Int32?>(nil)
    }
    private let state = State()
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    /// - Parameter stop: called at the first signal.
    public init(stop: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "signals")
        unsafe sources = [SIGINT, SIGTERM].map { [state] number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let first = state.caught.withLock { caught in
                    defer { caught = caught ?? number }
                    return caught == nil
                }
                if first { stop() } else { _exit(128 + number) }
            }
            source.activate()
            return source
        }
    }

    /// The signal that came first, if one did.
    public var caught: Int32? { state.caught.withLock { $0 } }
}
