import CHost
import SystemPackage

/// Servers of this machine that are reached by a socket in the file system, and whose messages have their length in front.
public enum LocalSocket {
    /// Sends a message and reads the answer, each with its length before it as four bytes, the highest first.
    ///
    /// - Parameters:
    ///   - limit: how long all of it may take.
    ///   - longestAnswer: in bytes.
    /// - Throws: `Errno`: `ETIMEDOUT`, `EMSGSIZE` for an answer that is longer, `ECONNRESET` for one that ends early;
    ///   `CancellationError`.
    public static func exchange(
        _ message: [UInt8], with path: String, within limit: Duration, longestAnswer: Int
    ) async throws -> [UInt8] {
        try await withTaskExecutorPreference(DedicatedThread("local socket")) {
            var descriptor: Int32 = -1
            let failed = unsafe chost_connect_local(path, &descriptor)
            guard failed == 0 else { throw Errno(rawValue: failed) }
            let connection = Connection(
                file: FileDescriptor(rawValue: descriptor), end: ContinuousClock.now.advanced(by: limit))
            defer { try? connection.file.close() }  // nothing is kept of it
            let length = UInt32(clamping: message.count)
            try connection.send([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + message)
            let announced = try connection.receive(4).reduce(0) { $0 << 8 | Int($1) }
            guard announced <= longestAnswer else { throw Errno.messageTooLong }
            return try connection.receive(announced)
        }
    }

    private struct Connection {
        let file: FileDescriptor
        let end: ContinuousClock.Instant

        func send(_ bytes: [UInt8]) throws {
            var rest = bytes[...]
            while !rest.isEmpty {
                try wait { chost_wait_writable(file.rawValue, 200) }
                do {
                    rest = rest.dropFirst(try unsafe rest.withUnsafeBytes { try unsafe file.write($0) })
                } catch Errno.resourceTemporarilyUnavailable {
                    continue
                }
            }
        }

        func receive(_ count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                try wait { chost_wait_readable(file.rawValue, 200) }
                do {
                    let read = try unsafe bytes.withUnsafeMutableBytes { buffer in
                        try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
                    }
                    guard read > 0 else { throw Errno.connectionReset }
                    filled += read
                } catch Errno.resourceTemporarilyUnavailable {
                    continue
                }
            }
            return bytes
        }

        private func wait(_ isReady: () -> Int32) throws {
            repeat {
                try Task.checkCancellation()
                guard ContinuousClock.now < end else { throw Errno.timedOut }
            } while isReady() == 0
        }
    }
}
