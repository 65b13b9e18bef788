import CHost
package import SystemPackage

/// The writing end of a child's standard input.
///
/// Writes wait while the pipe is full, but look up now and then whether the task was cancelled, so that a child
/// which does not read cannot hold us for good.
public struct ChildInput: Sendable {
    /// The child no longer reads.
    public struct Closed: Error, CustomStringConvertible {
        public var description: String { "the command stopped reading its input" }
    }

    private let stream: FileDescriptor

    init(stream: FileDescriptor) { self.stream = stream }

    /// A stream to a child, with a buffer of several MiB where the system grants it.
    ///
    /// - Returns: what the child reads and what we write.
    package static func makeStream() throws -> (child: FileDescriptor, input: ChildInput) {
        // A pair of sockets, not a pipe: `zfs receive` reads in bursts, between which it works, and the same bytes take a
        // third less time through a socket that holds what we make meanwhile than through a pipe of any size.
        var reader: CInt = -1
        var writer: CInt = -1
        let error = unsafe chost_stream_pair(&reader, &writer, 4 << 20)
        guard error == 0 else { throw Errno(rawValue: error) }
        chost_set_nonblocking(writer)
        return (FileDescriptor(rawValue: reader), ChildInput(stream: FileDescriptor(rawValue: writer)))
    }

    /// Writes all of the bytes.
    ///
    /// - Throws: `Closed`, `CancellationError`, `Errno`.
    public func write(_ bytes: RawSpan) throws {
        try unsafe bytes.withUnsafeBytes { buffer in
            var rest = unsafe buffer[...]
            while unsafe !rest.isEmpty {
                do {
                    let count = try unsafe stream.write(UnsafeRawBufferPointer(rebasing: rest))
                    unsafe rest = rest.dropFirst(count)
                } catch Errno.resourceTemporarilyUnavailable {
                    try Task.checkCancellation()
                    _ = chost_wait_writable(stream.rawValue, 200)
                } catch let error as Errno where [.brokenPipe, .connectionReset].contains(error) {
                    throw Closed()
                }
            }
        }
    }

    package func close() { try? stream.close() }
}
