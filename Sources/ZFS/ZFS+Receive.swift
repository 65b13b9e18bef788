import Failure
public import Host
import Synchronization

extension ZFS {
    /// Receives the stream of one snapshot into a new dataset, which is not mounted.
    ///
    /// - Parameters:
    ///   - snapshot: what the stream's snapshot is called here; its dataset must not be there.
    ///   - origin: what the dataset is to be a clone of, where this ZFS lets that be said (`receivesWithOrigin`); nil to have it
    ///     look for the snapshot whose guid the stream names.
    ///   - body: writes the stream.
    /// - Throws: what stopped first: the error of `body`, or what `zfs receive` said. The dataset may then be there in
    ///   part or whole; that is for the caller to take away.
    public func receive<Value: Sendable>(
        _ snapshot: SnapshotName, cloneOf origin: SnapshotName? = nil, body: (ChildInput) async throws -> Value
    ) async throws -> Value {
        let chosen = origin.map { ["-o", "origin=\($0)"] } ?? []
        let command = Command("zfs", ["receive", "-u"] + chosen + [snapshot.description], holdsLocks: true)
        let (outcome, written) = try await runner.feed(command, body: body)
        let what = "receive the stream into \"\(snapshot.dataset)\""
        switch written {
        case .success(let value):
            guard outcome.succeeded else { throw ZFSError(outcome, of: command, doing: what) }
            return value
        case .failure(is ChildInput.Closed): throw ZFSError(outcome, of: command, doing: what)
        case .failure(let error): throw error
        }
    }

    /// This ZFS can be told what a received dataset is to be a clone of (`zfs receive -o origin=`): illumos, and OpenZFS since
    /// 0.7; zfs-fuse cannot. Its own usage text says so.
    public func receivesWithOrigin() async throws -> Bool {
        if let known = abilities.receivesWithOrigin { return known }
        let usage = try await runner.run(Command("zfs", ["receive"])).errorText
        let can = usage.split(separator: "\n").contains { $0.contains("receive") && $0.contains("[-o ") }
        abilities.receivesWithOrigin = can
        return can
    }
}

/// What the `zfs` of this host can do, as far as it was asked.
final class Abilities: Sendable {
    private let known = Mutex<Bool?>(nil)

    var receivesWithOrigin: Bool? {
        get { known.withLock { $0 } }
        set { known.withLock { $0 = newValue } }
    }
}
