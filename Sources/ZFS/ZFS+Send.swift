import Failure
public import Host

extension ZFS {
    /// Sends a snapshot, without properties.
    ///
    /// - Parameters:
    ///   - snapshot: what is sent.
    ///   - origin: only what is different from this snapshot, which it must be descended from.
    ///   - body: reads the stream.
    /// - Throws: the error of `body`, or what `zfs send` said.
    public func send<Value: Sendable>(
        _ snapshot: SnapshotName, from origin: SnapshotName?, body: (ChildOutput) async throws -> Value
    ) async throws -> Value {
        let incremental = origin.map { ["-i", $0.description] } ?? []
        let command = Command("zfs", ["send"] + incremental + [snapshot.description], holdsLocks: true)
        let (outcome, read) = try await runner.drain(command, body: body)
        let value = try read.get()
        guard outcome.succeeded else { throw ZFSError(outcome, of: command, doing: "send \"\(snapshot)\"") }
        return value
    }
}
