import Failure
import Glibc
public import Host
import Synchronization
import SystemPackage

extension ZFS {
    /// Receives the stream of one snapshot into a new dataset, which is not mounted.
    ///
    /// - Parameters:
    ///   - snapshot: what the stream's snapshot is called here; its dataset must not be there.
    ///   - origin: what the dataset is to be a clone of, where this ZFS lets that be said (`receivesWithOrigin`); nil to have it
    ///     look for the snapshot whose guid the stream names.
    ///   - properties: what it gets instead of what it would inherit, where this ZFS lets that be said (`receivesWithProperties`).
    ///   - body: writes the stream.
    /// - Throws: what stopped first: the error of `body`, or what `zfs receive` said. The dataset may then be there in
    ///   part or whole; that is for the caller to take away.
    public func receive<Value: Sendable>(
        _ snapshot: SnapshotName, cloneOf origin: SnapshotName? = nil,
        _ properties: [(name: String, value: String)] = [], body: (ChildInput) async throws -> Value
    ) async throws -> Value {
        let chosen =
            (origin.map { ["-o", "origin=\($0)"] } ?? []) + properties.flatMap { ["-o", "\($0.name)=\($0.value)"] }
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

    /// This ZFS can be told, by us, what properties a received dataset is to have: OpenZFS since 0.8. The kernel's module tells, at no
    /// cost; its device is not there in a container with another ZFS on a host that has the module. Users to whom the right to receive is
    /// delegated do not have that to set these.
    public var receivesWithProperties: Bool {
        guard geteuid() == 0, (try? HostFile.exists("/dev/zfs")) == true,
            let version = (try? HostFile.read("/sys/module/zfs/version", limit: 1 << 16)) ?? nil
        else { return false }
        return ZFS.takesProperties(version: String(decoding: version, as: UTF8.self))
    }

    /// - Parameter version: of OpenZFS: `2.1.11-1+deb12u1`.
    static func takesProperties(version: String) -> Bool {
        let numbers = version.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, version.first?.isNumber == true else { return false }
        return numbers[0] > 0 || numbers[1] >= 8
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
