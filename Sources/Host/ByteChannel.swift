import Dispatch
import Synchronization

/// Bytes on their way from one thread to another, of which a bounded number waits: for work that cannot be done in line, since
/// one side awaits what the other must simply read.
///
/// Both sides block, so each has a thread of its own (`DedicatedThread`). While they wait they look up now and then whether
/// their task was cancelled.
public final class ByteChannel: Sendable {
    /// Nobody reads any more.
    public struct Abandoned: Error, CustomStringConvertible {
        public var description: String { "what was to read the bytes has stopped" }
    }

    private struct State {
        var chunks: [[UInt8]] = []
        /// The chunk that is being read, and how far it was.
        var first = 0
        var place = 0
        var byteCount = 0
        var end: Result<Void, any Error>?
        var isAbandoned = false
    }

    /// Chunks that were read and have a place yet.
    private static let mostEmpty = 1024

    private let state = Mutex(State())
    private let capacity: Int
    private let hasBytes = DispatchSemaphore(value: 0)
    private let hasRoom = DispatchSemaphore(value: 0)

    /// - Parameter capacity: bytes that may wait, beside one write of any size.
    public init(capacity: Int = 4 << 20) { self.capacity = capacity }

    /// Writes on, once there is room.
    ///
    /// - Throws: `Abandoned`; `CancellationError`.
    public func write(_ bytes: RawSpan) throws {
        guard bytes.byteCount > 0 else { return }
        let chunk = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        while true {
            try Task.checkCancellation()
            let isTaken = try state.withLock { state in
                guard !state.isAbandoned else { throw Abandoned() }
                guard state.byteCount < capacity else { return false }
                state.chunks.append(chunk)
                state.byteCount += chunk.count
                return true
            }
            if isTaken { break }
            _ = hasRoom.wait(timeout: .now() + .milliseconds(200))
        }
        hasBytes.signal()
    }

    /// Says that no more comes: since it was all, or since something went wrong, which whoever reads gets to know behind the
    /// last bytes.
    public func end(_ result: Result<Void, any Error>) {
        state.withLock { $0.end = $0.end ?? result }
        hasBytes.signal()
    }

    /// Says that nothing more will be read.
    public func abandon() {
        state.withLock { state in
            state.isAbandoned = true
            state.chunks = []
            state.byteCount = 0
        }
        hasRoom.signal()
    }

    /// Reads on, once there is something.
    ///
    /// - Returns: how many bytes were read; 0 only at the end, if that came well.
    /// - Throws: what `end` was told; `CancellationError`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            try Task.checkCancellation()
            let count = try state.withLock { state -> Int? in
                if state.first < state.chunks.count { return unsafe Self.take(&state, into: buffer) }
                try state.end?.get()
                return state.end == nil ? nil : 0
            }
            if let count {
                if count > 0 { hasRoom.signal() }
                return count
            }
            _ = hasBytes.wait(timeout: .now() + .milliseconds(200))
        }
    }

    private static func take(_ state: inout State, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let chunk = state.chunks[state.first]
        let count = min(buffer.count, chunk.count - state.place)
        unsafe chunk.withUnsafeBytes { bytes in
            unsafe buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[state.place..<(state.place + count)]))
        }
        state.place += count
        state.byteCount -= count
        if state.place == chunk.count {
            state.chunks[state.first] = []
            state.first += 1
            state.place = 0
            if state.first == state.chunks.count || state.first == mostEmpty {
                state.chunks.removeSubrange(..<state.first)
                state.first = 0
            }
        }
        return count
    }
}
