import Failure
public import Host
public import ImageModel
import JSON
import SystemPackage
public import ZFS

/// Hosts without a VM manager: a dataset `POOL/UUID` stands for a VM, which runs as long as something in it is in use.
///
/// To "start" it is to run its operator-script inside its root file system, in namespaces of its own. A volume is a disk, in which
/// nothing can be run.
public struct BareDatasets: MachineManager {
    private let zfs: ZFS
    private let runner: any CommandRunner
    private let pool: PoolName
    private let folder: FilePath

    /// - Parameter pool: where its datasets are.
    public init(root: HostRoot, zfs: ZFS, runner: any CommandRunner, pool: PoolName) {
        self.zfs = zfs
        self.runner = runner
        self.pool = pool
        folder = root.configFolder.appending("bare")
    }

    public func machine(_ uuid: ImageUUID) async throws -> Machine {
        let name = pool.dataset.child(uuid.description)
        guard let found = try await zfs.dataset(name) else {
            throw NoSuchMachine(
                "there is no dataset \"\(name)\" to make an image of",
                hint: "this host has no vmadm, so that a dataset stands for a VM; -P chooses another zpool")
        }
        let origin = found.origin.flatMap { origin in
            origin.name == "final" ? ImageUUID(String(origin.dataset.lastComponent)) : nil
        }
        let sandbox = sandbox(uuid)
        let isDisk = found.kind == .volume
        let (isInUse, users) = try await isDisk ? use(of: "/dev/zvol/\(name)") : use(of: name, sandbox)
        var json: JSONObject = [
            "uuid": .string(uuid.description), "brand": .string(isDisk ? Machine.bareDisk : "bare"),
            "state": isInUse ? "running" : "stopped",
            "zfs_filesystem": .string(name.description), "customer_metadata": .object(try sandbox.metadata()),
        ]
        if let origin { json["image_uuid"] = .string(origin.description) }
        if let script = try sandbox.script() { json["internal_metadata"] = ["operator-script": .string(script)] }
        guard var machine = Machine(json: .object(json)) else {
            throw Failure(.internalError, "no machine in its JSON")
        }
        machine.lastWords = sandbox.lastWords
        machine.users = users
        return machine
    }

    public func start(_ uuid: ImageUUID) async throws {
        let name = pool.dataset.child(uuid.description)
        if try await zfs.mountedPath(of: name) == nil { try await zfs.mount(name) }
        guard let path = try await zfs.mountedPath(of: name) else {
            throw Failure(.notMounted, "dataset \"\(name)\" cannot be mounted, so that nothing can be run in it")
        }
        try await sandbox(uuid).start(in: FilePath(path))
    }

    public func stop(_ uuid: ImageUUID, force: Bool) async throws {
        let name = pool.dataset.child(uuid.description)
        try await sandbox(uuid).stop(force: force)
        guard force, let path = try await zfs.mountedPath(of: name) else { return }
        try await FolderUsers.endScript(in: path)
    }

    public func update(_ uuid: ImageUUID, _ change: MetadataChange) async throws {
        let sandbox = sandbox(uuid)
        // Such a VM has no metadata but what its script needs; what the script has put in its place does not matter.
        if change.removeInternal.contains("operator-script") { return try await sandbox.clear() }
        if let script = change.setInternal["operator-script"]?.stringValue { try sandbox.setScript(script) }
        for (key, value) in change.setCustomer { try sandbox.set(key, value.stringValue ?? value.text()) }
        for key in change.removeCustomer { try sandbox.remove(key) }
    }

    /// Whether a script runs in a file system, or somebody has something of it open; and who that is beside the script. While one runs,
    /// which is looked at often, nobody else is looked for.
    private func use(
        of name: DatasetName, _ sandbox: MachineScript
    ) async throws -> (isInUse: Bool, others: [String]) {
        if try sandbox.isRunning { return (true, []) }
        let folder = try await zfs.mountedPath(of: name)
        let found = try await looking("users", within: DeviceUsers.longestLook) { FolderUsers(of: name, at: folder) }
        guard let users = found else { return (true, [DeviceUsers.unknown]) }
        return (!users.areNone, users.others)
    }

    /// Who has a device open, or a file system on it mounted.
    private func use(of device: String) async throws -> (isInUse: Bool, others: [String]) {
        let found = try await looking("users", within: DeviceUsers.longestLook) {
            guard let users = DeviceUsers(ofDevice: device) else { return [String]() }
            return users.named() + users.mounts()
        }
        let users = found ?? [DeviceUsers.unknown]
        return (!users.isEmpty, users)
    }

    private func sandbox(_ uuid: ImageUUID) -> MachineScript {
        MachineScript(folder: folder.appending(uuid.description), runner: runner)
    }
}
