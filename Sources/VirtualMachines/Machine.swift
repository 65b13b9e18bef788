public import Failure
public import ImageModel
public import JSON
public import ZFS

/// A VM as its manager describes it (create.md, "The VM").
public struct Machine: Sendable {
    /// A disk of its own, which is a volume.
    public struct Disk: Sendable {
        /// What messages call it.
        public let name: String
        /// Nil if it is no volume, or the manager names none that can be.
        public let dataset: DatasetName?
        /// The image it was made of.
        public let image: ImageUUID?
    }

    public let uuid: ImageUUID
    /// The kind of VM: `joyent`, `lx`, `kvm`, `bhyve`, …; `bare` for a file system without a manager, `bare-disk` for a volume.
    public let brand: String
    public let state: String
    public let dataset: DatasetName
    /// The image its own dataset was made of.
    public let image: ImageUUID?
    /// The one that it boots from is the first, whatever is known of it.
    public let disks: [Disk]
    /// What its owner and programs inside it may set.
    public let customerMetadata: JSONObject
    /// What only its operator sets.
    public let internalMetadata: JSONObject
    /// What it runs when it starts.
    public var operatorScript: String? { internalMetadata["operator-script"]?.stringValue }
    public let bootrom: String?
    /// The last line that its operator-script printed, where the manager knows that.
    public internal(set) var lastWords: String?
    /// Who has something of it open beside its script, each in words, where the manager does not know more of its VMs than that.
    public internal(set) var users: [String] = []

    public var isStopped: Bool { state == "stopped" }
    public var isRunning: Bool { state == "running" }

    /// The brand of a volume without a manager.
    static let bareDisk = "bare-disk"

    /// A script can be run in it.
    public var runsScripts: Bool { brand != Machine.bareDisk }

    /// Hardware is virtual, and its first disk is what an image is made of.
    public var hasVolumes: Bool { brand == "kvm" || brand == "bhyve" }

    /// All datasets that belong to it, its own first.
    public var datasets: [DatasetName] {
        disks.compactMap(\.dataset).reduce(into: [dataset]) { if !$0.contains($1) { $0.append($1) } }
    }

    /// The dataset an image is made of, and the image that was made of.
    ///
    /// - Throws: `VmManagerError` if the disk that it boots from has none: no other disk is taken for it.
    public func imaged() throws(Failure) -> (dataset: DatasetName, image: ImageUUID?) {
        guard hasVolumes, let disk = disks.first else { return (dataset, image) }
        guard let dataset = disk.dataset else {
            throw unknown(disk, "so that no image can be made of it", hint: "vmadm get \(uuid) shows its disks")
        }
        return (dataset, disk.image)
    }

    /// - Throws: `VmManagerError` if it has a disk of which there can be no snapshot.
    public func checkCanBeRolledBack() throws(Failure) {
        guard let disk = disks.first(where: { $0.dataset == nil }) else { return }
        throw unknown(
            disk, "so that what a script does to it could not be undone", hint: "make the image without -s")
    }

    private func unknown(_ disk: Disk, _ consequence: String, hint: String) -> Failure {
        Failure(
            .vmManager, "disk \(disk.name) of VM \(uuid) has no dataset (zfs_filesystem) that is known, \(consequence)",
            hint: hint)
    }
}

extension Machine {
    /// Reads what `vmadm get` prints; nil if it is no VM with a dataset.
    init?(json: JSONValue) {
        func uuid(_ value: JSONValue?) -> ImageUUID? { value?.stringValue.flatMap { ImageUUID($0) } }
        func dataset(_ value: JSONValue) -> DatasetName? {
            value["zfs_filesystem"]?.stringValue.flatMap { DatasetName($0) }
        }
        guard let uuid = uuid(json["uuid"]), let own = dataset(json) else { return nil }
        self.uuid = uuid
        self.dataset = own
        brand = json["brand"]?.stringValue ?? ""
        state = json["state"]?.stringValue ?? "unknown"
        image = ImageUUID(json["image_uuid"]?.stringValue ?? "")
        // The disk the VM boots from comes first, wherever it stands.
        let list = (json["disks"]?.arrayValue ?? []).filter { $0["media"]?.stringValue != "cdrom" }
        let ordered = list.filter { $0["boot"]?.boolValue == true } + list.filter { $0["boot"]?.boolValue != true }
        disks = ordered.enumerated().map { number, disk in
            Disk(
                name: disk["path"]?.stringValue.map { "\"\($0)\"" } ?? "number \(number)", dataset: dataset(disk),
                image: ImageUUID(disk["image_uuid"]?.stringValue ?? ""))
        }
        customerMetadata = json["customer_metadata"]?.objectValue ?? [:]
        internalMetadata = json["internal_metadata"]?.objectValue ?? [:]
        bootrom = json["bootrom"]?.stringValue
    }
}
