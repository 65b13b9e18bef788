import CHost
import SystemPackage

/// The writing end of a child's standard input.
///
/// Writes wait while the pipe is full, but look up now and then whether the task was cancelled, so that a child
/// which does not read cannot hold us for good.
public struct ChildInput: Sendable {
    /// The child no longer reads.
    public struct Closed: Error, CustomStringConvertible {
        public var description: String { "the command stopped reading its input" }
    }

    private let pipe: FileDescriptor

    init(pipe: FileDescriptor) { self.pipe = pipe }

    /// A pipe with as large a buffer as the system gives.
    ///
    /// - Returns: what the child reads and what we write.
    static func makePipe() throws -> (child: FileDescriptor, input: ChildInput) {
        let ends = try FileDescriptor.pipe(options: [.closeOnExec])
        // `zfs receive` reads in bursts, between which it works: a pipe that holds what we make meanwhile lets both go on.
        chost_set_pipe_size(ends.writeEnd.rawValue, 16 << 20)
        chost_set_nonblocking(ends.writeEnd.rawValue)
        return (ends.readEnd, ChildInput(pipe: ends.writeEnd))
    }

    /// Writes all of the bytes.
    ///
    /// - Throws: `Closed`, `CancellationError`, `Errno`.
    public func write(_ bytes: RawSpan) throws {
        try unsafe bytes.withUnsafeBytes { buffer in
            var rest = unsafe buffer[...]
            while unsafe !rest.isEmpty {
                do {
                    let count = try unsafe pipe.write(UnsafeRawBufferPointer(rebasing: rest))
                    unsafe rest = rest.dropFirst(count)
                } catch Errno.resourceTemporarilyUnavailable {
                    try Task.checkCancellation()
                    _ = chost_wait_writable(pipe.rawValue, 200)
                } catch Errno.brokenPipe {
                    throw Closed()
                }
            }
        }
    }

    func close() { try? pipe.close() }
}
