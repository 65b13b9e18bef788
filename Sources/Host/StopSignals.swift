import CHost
import Dispatch
import Glibc
import Synchronization

/// SIGHUP, SIGINT, SIGQUIT and SIGTERM as a request to stop: the first cancels the work, which then cleans up behind itself;
/// one that comes a second later or more, from somebody who will not wait, ends the process at once. SIGHUP does not: a terminal
/// that is closed sends several. SIGHUP that was ignored when the process began (`nohup`) is ignored on; the others are not,
/// since shells ignore some for whatever runs in the background.
///
/// Signals belong to the process: there is one object of this in it.
public final class StopSignals: Sendable {
    private final class State: Sendable {
        let caught = Mutex<Int32?>(nil)
    }
    private let state = State()
    private nonisolated(unsafe) let source: (any DispatchSourceRead)?

    /// - Parameter stop: called at the first signal.
    public init(stop: @escaping @Sendable () -> Void) {
        let signals: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
        let pipe = unsafe signals.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return Int32(-1) }
            return unsafe chost_catch_signals(start, Int32(signals.count))
        }
        // Without a pipe (no descriptor is left) signals end the process as they do any other.
        guard pipe >= 0 else {
            unsafe source = nil
            return
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: pipe, queue: DispatchQueue(label: "signals"))
        source.setEventHandler { [state] in
            var number: UInt8 = 0
            guard unsafe read(pipe, &number, 1) == 1 else { return }
            state.caught.withLock { $0 = Int32(number) }
            stop()
        }
        source.activate()
        unsafe self.source = source
    }

    /// The signal that came first, if one did.
    public var caught: Int32? { state.caught.withLock { $0 } }
}
