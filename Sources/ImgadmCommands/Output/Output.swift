import Host
import JSON
import Synchronization
import SystemPackage
import Terminal

/// Standard output, buffered: a table of 20,000 rows is a few writes. Lines of progress are flushed as they come.
final class Output: Sendable {
    private let buffer = Mutex<[UInt8]>([])
    // What could not be written is said at the end at the latest: whoever made the output may have gone on without it.
    private let failure = Mutex<(any Error)?>(nil)

    func text(_ text: String) throws { try bytes(Array(text.utf8)) }

    /// One line, whatever stands in it: a name that a server gave, for one, breaks none.
    func line(_ text: String) throws { try self.text(Printable.text(text) + "\n") }

    /// A line that is seen at once.
    func progress(_ text: String) throws {
        try line(text)
        try flush()
    }

    /// A JSON value, indented by two blanks.
    func json(_ value: JSONValue) throws {
        var text: [UInt8] = []
        value.write(to: &text, style: .indented(2))
        text.append(UInt8(ascii: "\n"))
        try bytes(text)
    }

    /// Whole lines, or a whole value. Nothing that a terminal would act on gets through, wherever it comes from.
    func bytes(_ bytes: [UInt8]) throws {
        let bytes = Unprintable.escaped(bytes)
        let isFull = buffer.withLock { buffer in
            buffer.append(contentsOf: bytes)
            return buffer.count > 1 << 18
        }
        if isFull { try flush() }
    }

    /// Bytes of a file that was asked for, as they are; on a terminal, as everything else that is shown there.
    func content(_ content: RawSpan) throws {
        let content = unsafe content.withUnsafeBytes { unsafe Array($0) }
        guard !OutputTerminal.isThere else { return try bytes(content) }
        try flush()
        buffer.withLock { $0 = content }
        try flush()
    }

    /// - Throws: `OutputClosed`; `NoSpace` or `FileSystemError` if this or an earlier write failed.
    func flush() throws {
        try buffer.withLock { buffer in
            defer { buffer = [] }
            if let failure = failure.withLock({ $0 }) { throw failure }
            do {
                try FileDescriptor.standardOutput.writeAll(buffer)
            } catch Errno.brokenPipe {
                throw OutputClosed()
            } catch {
                let named = HostFile.failure("cannot write", what: "standard output", error)
                failure.withLock { $0 = named }
                throw named
            }
        }
    }
}
