import CHost
public import SystemPackage

extension FileDescriptor {
    /// Waits until there is something to read, or an end, so that the task can be cancelled while a pipe has nothing to say.
    ///
    /// - Throws: `CancellationError`.
    public func waitUntilReadable() throws {
        while chost_wait_readable(rawValue, 200) == 0 { try Task.checkCancellation() }
    }
}
