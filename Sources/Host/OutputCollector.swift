import CHost
import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// Takes what a child writes to its standard output and error, on a thread of its own.
///
/// Each stream has a limit of bytes: what is beyond it is read, so that the child does not wait for us, and dropped. Once the
/// child has ended, programs that it started and left behind may hold the streams open: they are not waited for. What it wrote
/// itself is read, however late.
final class OutputCollector: Sendable {
    struct Collected: Sendable {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        /// More than the limit was written to standard output.
        var isCut = false
        /// Why a stream could not be read to its end.
        var readError: (any Error)?
    }

    private struct State {
        var collected = Collected()
        /// When the child had ended.
        var ended: ContinuousClock.Instant?
        var isDone = false
        var waiter: CheckedContinuation<Collected, Never>?
    }

    private let state = Mutex(State())
    private let limit: Int
    /// Called when the first byte beyond the limit comes.
    private let overflow: @Sendable () -> Void

    /// How long the streams are waited for after the child's end, for what is still on its way.
    private static let grace: Duration = .milliseconds(500)
    /// What is read after that of each: more than a pipe can hold is not the child's.
    private static let mostLate = 2 << 20
    /// Nobody reads a complaint of more than this.
    private static let errorLimit = 4 << 20

    init(limit: Int, overflow: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.overflow = overflow
    }

    /// Begins to read, and closes the streams in the end.
    ///
    /// - Parameter output: nil if somebody else reads it.
    func begin(output: FileDescriptor?, errors: FileDescriptor) {
        DispatchQueue(label: "output").async { self.read(output, errors) }
    }

    /// The child has ended.
    ///
    /// - Returns: what it wrote.
    func end() async -> Collected {
        await withCheckedContinuation { continuation in
            let done = state.withLock { state -> Collected? in
                guard !state.isDone else { return state.collected }
                state.ended = .now
                state.waiter = continuation
                return nil
            }
            if let done { continuation.resume(returning: done) }
        }
    }

    private func read(_ output: FileDescriptor?, _ errors: FileDescriptor) {
        // A negative descriptor is one that poll passes over.
        var streams = [pollfd(), pollfd()]
        for (place, file) in [output, errors].enumerated() {
            streams[place] = pollfd(fd: file?.rawValue ?? -1, events: Int16(POLLIN), revents: 0)
        }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        var late = [0, 0]
        while streams.contains(where: { $0.fd >= 0 }) {
            // Asked before: what is there then was there at the end.
            let isOver = isOver
            let ready = unsafe poll(&streams, 2, isOver ? 0 : 100)
            if isOver, ready == 0 { break }
            guard ready > 0 else { continue }
            for place in streams.indices where streams[place].fd >= 0 && streams[place].revents != 0 {
                let file = FileDescriptor(rawValue: streams[place].fd)
                var count = 0
                do {
                    count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                } catch {
                    state.withLock { $0.collected.readError = error }
                }
                take(chunk[..<count], isError: place == 1)
                if isOver { late[place] += count }
                if count == 0 || late[place] > OutputCollector.mostLate { streams[place].fd = -1 }
            }
        }
        for file in [output, errors] { try? file?.close() }
        let waiter = state.withLock { state in
            state.isDone = true
            defer { state.waiter = nil }
            return state.waiter.map { ($0, state.collected) }
        }
        if let (waiter, collected) = waiter { waiter.resume(returning: collected) }
    }

    private var isOver: Bool {
        state.withLock { $0.ended.map { .now - $0 > OutputCollector.grace } ?? false }
    }

    private func take(_ bytes: ArraySlice<UInt8>, isError: Bool) {
        let isFirstTooMuch = state.withLock { state in
            if isError {
                state.collected.errors += bytes.prefix(OutputCollector.errorLimit - state.collected.errors.count)
                return false
            }
            let room = limit - state.collected.output.count
            state.collected.output += bytes.prefix(room)
            guard bytes.count > room, !state.collected.isCut else { return false }
            state.collected.isCut = true
            return true
        }
        if isFirstTooMuch { overflow() }
    }
}
