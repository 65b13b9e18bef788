import Failure
public import Host

extension ZFS {
    /// Sends a snapshot, without properties.
    ///
    /// - Parameters:
    ///   - snapshot: what is sent.
    ///   - origin: only what is different from this snapshot, which it must be descended from.
    ///   - body: reads the stream.
    /// - Throws: what `zfs send` said, or the error of `body`.
    public func send<Value: Sendable>(
        _ snapshot: SnapshotName, from origin: SnapshotName?, body: (ChildOutput) async throws -> Value
    ) async throws -> Value {
        let incremental = origin.map { ["-i", $0.description] } ?? []
        let command = Command("zfs", ["send"] + incremental + [snapshot.description], holdsLocks: true)
        var isAtEnd = false
        let (outcome, read) = try await runner.drain(command) { output in
            defer { isAtEnd = output.isAtEnd }
            return try await body(output)
        }
        guard !outcome.succeeded else { return try read.get() }
        let refusal = ZFSError(outcome, of: command, doing: "send \"\(snapshot)\"")
        // Who reads a stream that was refused finds it too short. One that was not read to its end is a broken pipe, and its reader knows why.
        if refusal.kind == .other, !isAtEnd { _ = try read.get() }
        throw refusal
    }
}
