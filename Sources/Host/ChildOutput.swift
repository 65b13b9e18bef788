import CHost
import Synchronization
import SystemPackage

/// The reading end of a child's standard output.
public final class ChildOutput: Sendable {
    private let stream: FileDescriptor
    private let hasEnded = Atomic(false)

    init(stream: FileDescriptor) { self.stream = stream }

    /// A pipe from a child, as large as the system grants.
    ///
    /// - Returns: what the child writes to and what we read.
    static func makeStream() throws -> (child: FileDescriptor, output: ChildOutput) {
        let ends = try FileDescriptor.pipe()
        for end in [ends.readEnd, ends.writeEnd] { chost_close_on_exec(end.rawValue) }
        chost_enlarge_pipe(ends.readEnd.rawValue, 1 << 20)
        return (ends.writeEnd, ChildOutput(stream: ends.readEnd))
    }

    /// Reads so many bytes, fewer only at the end. It waits for them, but looks up now and then whether the task was
    /// cancelled.
    ///
    /// - Throws: `CancellationError`, `Errno`.
    public func read(_ count: Int) throws -> [UInt8] {
        try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                if chost_wait_readable(stream.rawValue, 200) == 0 {
                    try Task.checkCancellation()
                    continue
                }
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let read = try unsafe stream.read(into: rest)
                if read == 0 {
                    hasEnded.store(true, ordering: .relaxed)
                    return
                }
                filled += read
            }
        }
    }

    /// It was read to its end: there is nothing that the child could not get rid of.
    public var isAtEnd: Bool { hasEnded.load(ordering: .relaxed) }

    func close() { try? stream.close() }
}
