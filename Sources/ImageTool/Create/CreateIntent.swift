import Failure
import Host
import ImageModel
import JSON
import SystemPackage
import Time
import VirtualMachines
import ZFS

/// What a run of `create` is doing to a VM, written down before it is done, so that the VM can be put back by whoever finds
/// that the run has died.
struct CreateIntent: Sendable {
    let machine: ImageUUID
    let pool: PoolName
    /// The VM ran, and is to run again.
    var wasRunning = false
    /// Its datasets, if they are (to be) snapshotted for a script.
    var prepared: [DatasetName] = []
    /// The script that is (to be) the VM's operator-script.
    var script: String?
    /// Quotas that were taken away.
    var quotas: [DatasetName: String] = [:]
    /// What gives the VM its metadata back.
    var metadata = MetadataChange()
    /// The snapshot of which the image is made; it was not there before.
    var final: SnapshotName?
    /// What the VM's own snapshot of that name is called meanwhile.
    var setAside: SnapshotName?
    /// Files that are not whole.
    var files: [FilePath] = []
    /// The VM's datasets are all snapshotted, and it gets the script next; it may have had the very same before, as its own.
    var isScripted = false
    /// What a script did in the VM is undone.
    var isRolledBack = false
    /// The run has said itself that it could not undo that: nobody else is to do it unasked.
    var isTold = false
    /// All but its running is as it was: from here on the VM may only be started.
    var isPutBack = false
    /// In which boot of the host the run has worked on the VM, and when it last wrote that down; nil where an older version has done that,
    /// or the kernel tells no boots.
    private(set) var boot: String?
    private(set) var time: Timestamp?

    init(machine: ImageUUID, pool: PoolName) {
        self.machine = machine
        self.pool = pool
    }
}

extension CreateIntent {
    private var json: JSONValue {
        func names(_ list: [some CustomStringConvertible]) -> JSONValue { .array(list.map { .string($0.description) }) }
        var quotas: JSONObject = [:]
        for (name, value) in self.quotas { quotas[name.description] = .string(value) }
        return [
            "machine": .string(machine.description), "zpool": .string(pool.description),
            "was_running": .bool(wasRunning), "prepared": names(prepared), "quotas": .object(quotas),
            "script": script.map { .string($0) } ?? .null, "metadata": .object(metadata.json),
            "final": final.map { .string($0.description) } ?? .null,
            "set_aside": setAside.map { .string($0.description) } ?? .null,
            "files": names(files), "put_back": .bool(isPutBack), "rolled_back": .bool(isRolledBack),
            "scripted": .bool(isScripted),
            "told": .bool(isTold), "boot": boot.map { .string($0) } ?? .null,
            "time": time.map { .number(JSONNumber($0.milliseconds)) } ?? .null,
        ]
    }

    /// What a script did in the VM is not undone.
    var isToBeRolledBack: Bool { !prepared.isEmpty && script != nil && isScripted && !isPutBack && !isRolledBack }

    /// The run is at work on the VM. Nobody else says that of it: who comes upon what it has left leaves the time as it is.
    mutating func stamp() { (boot, time) = (HostBoot.id, .now()) }

    /// Nil if anything of it cannot be read: what is left out would not be put back.
    private init?(json: JSONValue) {
        func all<Value>(_ key: String, _ read: (String) -> Value?) -> [Value]? {
            guard let list = json[key]?.arrayValue else { return nil }
            let values = list.compactMap { $0.stringValue.flatMap(read) }
            return values.count == list.count ? values : nil
        }
        // Runs of older versions have not written all of them down.
        func text<Value>(_ key: String, _ read: (String) -> Value?) -> Value?? {
            guard let value = json[key], value != .null else { return .some(nil) }
            return value.stringValue.flatMap(read).map { .some($0) }
        }
        guard let machine = json["machine"]?.stringValue.flatMap({ ImageUUID($0) }),
            let pool = json["zpool"]?.stringValue.flatMap({ PoolName($0) }),
            let wasRunning = json["was_running"]?.boolValue, let isPutBack = json["put_back"]?.boolValue,
            let prepared = all("prepared", { DatasetName($0) }), let files = all("files", { FilePath($0) }),
            let quotas = json["quotas"]?.objectValue,
            let metadata = json["metadata"]?.objectValue.flatMap({ MetadataChange(json: $0) }),
            let script = text("script", { $0 }), let final = text("final", { SnapshotName($0) }),
            let setAside = text("set_aside", { SnapshotName($0) })
        else { return nil }
        self.init(machine: machine, pool: pool)
        for (key, value) in quotas {
            guard let name = DatasetName(key), let value = value.stringValue else { return nil }
            self.quotas[name] = value
        }
        self.wasRunning = wasRunning
        self.prepared = prepared
        self.script = script
        self.metadata = metadata
        self.final = final
        self.setAside = setAside
        self.files = files
        self.isPutBack = isPutBack
        // Runs of older versions have not written that down.
        isRolledBack = json["rolled_back"]?.boolValue ?? false
        isScripted = json["scripted"]?.boolValue ?? true
        isTold = json["told"]?.boolValue ?? false
        boot = json["boot"]?.stringValue
        time = json["time"]?.intValue.map { Timestamp(milliseconds: Int64($0)) }
    }

    private static func path(_ machine: ImageUUID, _ root: HostRoot) -> FilePath {
        root.intents.appending("\(machine).json")
    }

    /// Writes it down, for good.
    func save(in root: HostRoot) throws {
        try HostFile.write(
            Array((json.text(.indented(2)) + "\n").utf8), to: CreateIntent.path(machine, root), mode: [.ownerReadWrite])
    }

    /// Has nobody roll the VM back unasked any more: somebody was told that it is left.
    func tell(in root: HostRoot) throws {
        guard !isTold else { return }
        var told = self
        told.isTold = true
        try told.save(in: root)
    }

    func remove(from root: HostRoot) throws {
        try HostFile.remove(HostFile.temporary(CreateIntent.path(machine, root)))
        try HostFile.remove(CreateIntent.path(machine, root))
        HostFile.removeFolder(root.intents)
    }

    /// What is written down about a VM.
    ///
    /// - Throws: `RecoveryError` for what cannot be read.
    static func read(_ machine: ImageUUID, in root: HostRoot) throws -> CreateIntent? {
        let path = path(machine, root)
        guard let bytes = try HostFile.read(path, limit: 64 << 20) else { return nil }
        // Whether it is no JSON or no intent: it is for a person to look at.
        guard let json = try? JSONValue(parsing: bytes), let intent = CreateIntent(json: json),
            intent.machine == machine
        else {
            throw Failure(
                .recoveryError, "what a run of create was doing to VM \(machine) cannot be read from \"\(path)\"",
                hint: "look after the VM by hand, then remove that file")
        }
        return intent
    }

    /// The VMs of which something is written down.
    static func machines(in root: HostRoot) throws -> [ImageUUID] {
        try HostFile.names(in: root.intents).compactMap { name in
            name.hasSuffix(".json") ? ImageUUID(String(name.dropLast(5))) : nil
        }.sorted()
    }

    /// Removes what runs have left that died before they had written anything down.
    static func sweep(_ root: HostRoot) async throws {
        // What cannot be taken away does no harm, here and below.
        for name in try HostFile.names(in: root.intents) where name.hasSuffix(".json.tmp") {
            guard let machine = ImageUUID(String(name.dropLast(9))), try !HostFile.exists(path(machine, root)),
                let lock = try? await FileLock.takingFromTheDying(lockPath(machine, root))
            else { continue }
            _ = try? HostFile.remove(root.intents.appending(name))
            lock.release()
        }
        HostFile.removeFolder(root.intents)
        for name in try HostFile.names(in: root.locks) where name.hasPrefix("img.") && name.hasSuffix(".create.lock") {
            (try? await FileLock.takingFromTheDying(root.locks.appending(name)))?.release()
        }
    }

    /// The lock of the run that works on a VM.
    static func lockPath(_ machine: ImageUUID, _ root: HostRoot) -> FilePath {
        root.locks.appending("img.\(machine).create.lock")
    }
}

extension MetadataChange {
    /// Nil if anything of it cannot be read. What is not to be changed is not written down.
    init?(json: JSONObject) {
        self.init()
        func names(_ key: String) -> [String]? {
            guard let value = json[key] else { return [] }
            let names = value.arrayValue?.compactMap(\.stringValue)
            return names?.count == value.arrayValue?.count ? names : nil
        }
        func object(_ key: String) -> JSONObject? { json[key].map(\.objectValue) ?? [:] }
        guard let internalValues = object("set_internal_metadata"),
            let customerValues = object("set_customer_metadata"),
            let internalNames = names("remove_internal_metadata"), let customerNames = names("remove_customer_metadata")
        else { return nil }
        setInternal = internalValues
        setCustomer = customerValues
        removeInternal = internalNames
        removeCustomer = customerNames
    }
}
