import Failure
public import Host

extension ZFS {
    /// Receives a stream into a new dataset, which is not mounted.
    ///
    /// - Parameters:
    ///   - name: the dataset, which must not be there.
    ///   - body: writes the stream.
    /// - Throws: what stopped first: the error of `body`, or what `zfs receive` said. The dataset may then be there in
    ///   part or whole; that is for the caller to take away.
    public func receive<Value: Sendable>(
        into name: DatasetName, body: (ChildInput) async throws -> Value
    ) async throws -> Value {
        let command = Command("zfs", ["receive", "-u", name.description])
        let (outcome, written) = try await runner.feed(command, body: body)
        switch written {
        case .success(let value):
            guard outcome.succeeded else {
                throw ZFSFailure.read(outcome, of: command, doing: "receive the stream into \"\(name)\"")
            }
            return value
        case .failure(is ChildInput.Closed):
            throw ZFSFailure.read(outcome, of: command, doing: "receive the stream into \"\(name)\"")
        case .failure(let error): throw error
        }
    }
}
