import Glibc
import Synchronization

/// A child under way, to be ended with all that it has started.
final class RunningChild: Sendable {
    private enum State {
        case starting
        case running(pid_t)
        case killed
        case ended
    }
    private let state = Mutex(State.starting)

    /// It runs now. One that was to be killed before is killed now.
    func started(_ pid: pid_t) {
        let isTooLate = state.withLock { state in
            if case .killed = state { return true }
            state = .running(pid)
            return false
        }
        if isTooLate { RunningChild.kill(pid) }
    }

    /// It has ended: its number may be another's now.
    func ended() { state.withLock { if case .running = $0 { $0 = .ended } } }

    /// Kills it and its process group.
    func kill() {
        state.withLock { state in
            // Under the lock, so that the number is still the child's.
            if case .running(let pid) = state { RunningChild.kill(pid) }
            if case .ended = state { return }
            state = .killed
        }
    }

    private static func kill(_ pid: pid_t) {
        _ = Glibc.kill(-pid, SIGKILL)
        _ = Glibc.kill(pid, SIGKILL)
    }
}
