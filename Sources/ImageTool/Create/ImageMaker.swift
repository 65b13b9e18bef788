import Compression
import Failure
public import Host
import ImageModel
import ImageStore
import JSON
import Logging
import SystemPackage
import Time
public import VirtualMachines
public import ZFS

/// Makes images of VMs (create.md).
public struct ImageMaker: Sendable {
    let tool: ImageTool
    let root: HostRoot
    let zfs: ZFS
    /// The VM manager for the VMs of a pool.
    let manager: @Sendable (PoolName) -> any MachineManager
    /// How long each step of a script may take.
    let patience: Duration

    public init(
        tool: ImageTool, root: HostRoot, zfs: ZFS, patience: Duration,
        manager: @escaping @Sendable (PoolName) -> any MachineManager
    ) {
        self.tool = tool
        self.root = root
        self.zfs = zfs
        self.patience = patience
        self.manager = manager
    }

    /// Makes an image of a VM, which afterwards is as it was, whatever happens.
    ///
    /// - Parameter pool: where the VM is, on a host without a VM manager.
    /// - Throws: `VmNotFound`, `VmNotStopped`, `VmHasNoOrigin`, `OriginHasNoFinalSnapshot`, `MaxOriginDepth`,
    ///   `ManifestValidation`, `PrepareImageDidNotRun`, `PrepareImageError`; `RecoveryError` if the VM could not be put
    ///   back; and what the VM manager, ZFS and the file system say.
    @discardableResult
    public func create(_ request: CreateRequest, pool: PoolName, _ report: Report) async throws -> CreatedImage {
        let lock = try await lock(request.machine)
        defer { lock.release() }
        let created = try await createLocked(request, pool: pool, into: nil, report)
        report.did(
            .written(
                .created, created.manifest, title: created.manifest.title, to: created.file,
                manifestFile: created.manifestFile, bytes: created.bytes))
        return created
    }

    /// The same, with the VM's lock held.
    ///
    /// - Parameters:
    ///   - folder: where file and manifest go; nil for where the request says.
    ///   - judge: says what is against the image before anything is done for it.
    func createLocked(
        _ request: CreateRequest, pool: PoolName, into folder: PrivateFolder?, _ report: Report,
        judging judge: (Manifest) async throws -> Void = { _ in }
    ) async throws -> CreatedImage {
        switch try await recoverLocked(request.machine, isAsked: false, report) {
        case .busy: throw ImageMaker.busy(request.machine)
        case .left(let obstacle): throw ImageMaker.left(request.machine, obstacle)
        case .nothing, .done: break
        }
        let machine = try await manager(pool).machine(request.machine)
        guard let shared = try await tool.store.tryLockMachine(machine.uuid, in: machine.dataset.poolName) else {
            throw ImageMaker.busy(machine.uuid)
        }
        defer { shared.release() }
        try await checkUnprepared(machine)
        guard machine.users.isEmpty else { throw ImageMaker.used(machine) }
        guard machine.isStopped || request.script != nil else {
            throw Failure(
                .vmNotStopped, "VM \(machine.uuid) is not stopped (its state is \"\(machine.state)\")",
                hint: "stop it first, or give a prepare-image script with -s")
        }
        if request.script != nil { try machine.checkCanBeRolledBack() }
        guard machine.runsScripts || request.script == nil else {
            throw Failure(
                .usage, "volume \"\(machine.dataset)\" is a disk, in which no prepare-image script can be run",
                hint: "prepare it with a machine that has it, switch that off, and make the image without -s")
        }
        let image = try await lockImage(machine.imaged().dataset)
        defer { image?.release() }
        let source = try await source(of: machine, request)
        let manifest = try await manifest(request, machine, source, report)
        try await judge(manifest)
        let files = try CreateFiles(
            folder, request.output, for: manifest, request.compression,
            OutputRule(
                isReplacing: request.isReplacing,
                sources: try OutputRule.identities([request.manifestFile, request.scriptFile])))
        var intent = CreateIntent(machine: machine.uuid, pool: machine.dataset.poolName)
        let created: CreatedImage
        do {
            if let script = request.script { try await prepare(machine, script, &intent, report) }
            created = try await makeFiles(source, manifest, files, request.compression, &intent, report)
        } catch {
            try await putBack(intent, because: error, report)
            throw error
        }
        try await putBack(intent, because: nil, report)
        return created
    }

    /// What is sent.
    struct Source {
        let snapshot: SnapshotName
        /// Of an incremental image.
        let origin: SnapshotName?
        /// The image that the VM was made of, if it is installed.
        let image: InstalledImage?
        /// Bytes of a volume; nil of a file system.
        let volumeSize: UInt64?
    }

    private func source(of machine: Machine, _ request: CreateRequest) async throws -> Source {
        let (name, image) = try machine.imaged()
        let pool = name.poolName
        guard let dataset = try await zfs.dataset(name), let snapshot = name.snapshot("final") else {
            throw Failure(.datasetNotFound, "dataset \"\(name)\" of VM \(machine.uuid) does not exist")
        }
        let installed = if let image { try await tool.store.image(image, in: pool) } else { InstalledImage?.none }
        let volumeSize = dataset.kind == .volume ? try await zfs.volumeSize(of: name) : nil
        guard request.isIncremental else {
            return Source(snapshot: snapshot, origin: nil, image: installed, volumeSize: volumeSize)
        }
        guard let image, let origin = dataset.origin else {
            throw Failure(
                .vmHasNoOrigin,
                "VM \(machine.uuid) was not made of an image, so that there can be no incremental one of it")
        }
        guard origin.name == "final", origin.dataset.lastComponent == image.description else {
            throw Failure(
                .originHasNoFinalSnapshot,
                "VM \(machine.uuid) is a clone of \(origin), not of the snapshot @final of image \(image)")
        }
        guard let installed else { throw ImageNotInstalled(image, pool) }
        guard installed.manifest.imageType != .docker else {
            throw Failure(
                .unsupportedImage,
                "VM \(machine.uuid) was made of docker image \(image), which each host unpacks for itself: what is incremental to it could be installed on no other host",
                hint: "make a whole image, without -i")
        }
        if let most = request.maxOriginDepth {
            let parents = try await tool.ancestry(of: image, in: pool).count
            guard parents <= most else {
                throw Failure(
                    .maxOriginDepth, "the image would have \(parents) parents, but --max-origin-depth is \(most)",
                    hint: "make one without -i")
            }
        }
        return Source(snapshot: snapshot, origin: origin, image: installed, volumeSize: volumeSize)
    }

    private func manifest(
        _ request: CreateRequest, _ machine: Machine, _ source: Source, _ report: Report
    ) async throws -> Manifest {
        let platform = machine.brand.hasPrefix("joyent") ? try await tool.platform.read() : nil
        let json = CreateManifest(
            request, machine, origin: source.image, volumeSize: source.volumeSize, platform: platform
        ).json
        if let image = source.image {
            report.line(
                "Inheriting from origin image \(image.uuid) (\(image.manifest.name ?? "?") \(image.manifest.version ?? "?"))"
            )
        }
        report.line("Manifest:")
        for line in JSONValue.object(json).text(.indented(2)).split(separator: "\n") { report.line("    \(line)") }
        guard json["type"] != ImageType.docker.json else {
            throw Failure(
                .manifestValidation, "invalid manifest: type docker, which is an archive, and not made of a dataset",
                hint: "type=lx-dataset is a file system with Linux in it")
        }
        let isOther = json["type"] == nil || json["type"] == ImageType.other.json
        guard isOther || (json["type"] == ImageType.zvol.json) == (source.volumeSize != nil) else {
            let (what, type): (String, ImageType) =
                source.volumeSize != nil ? ("a volume", .zvol) : ("a file system", .lxDataset)
            // All that is missing of such an image, at once.
            var meant = json
            meant["type"] = type.json
            let words = ["type=\(type.rawValue)"] + CreateManifest.missing(in: meant)
            throw Failure(
                .manifestValidation,
                "invalid manifest: type \(json["type"]?.stringValue ?? "?"), but \"\(source.snapshot.dataset)\" is \(what)",
                hint: words.joined(separator: " "))
        }
        try CreateManifest.check(
            json, hasOrigin: source.image != nil, isIncremental: request.isIncremental, volumeSize: source.volumeSize)
        return try Manifest(json)
    }

    /// A run that died has left it, with whatever root. An image that somebody makes another of has a record, and its `@final` stays,
    /// whatever mark it has been given.
    private func isLeftover(_ final: SnapshotName) async throws -> Bool {
        guard try await !zfs.ofMachines([final]).isEmpty else { return false }
        guard let uuid = ImageUUID(String(final.dataset.lastComponent)) else { return true }
        return try await tool.store.image(uuid, in: final.dataset.poolName)?.isKnown != true
    }

    private func makeFiles(
        _ source: Source, _ manifest: Manifest, _ files: CreateFiles, _ compression: CompressionFormat,
        _ intent: inout CreateIntent, _ report: Report
    ) async throws -> CreatedImage {
        if try await isLeftover(source.snapshot) {
            // With this VM's lock in hand: no run can be at work on it.
            try await zfs.destroy(source.snapshot)
            report.line("Cleared leftover snapshot \(source.snapshot)")
        } else if try await !zfs.existing([source.snapshot]).isEmpty {
            // What has the name already is the VM's, and gets it back.
            intent.setAside = source.snapshot.dataset.snapshot("final-\(Timestamp.now().milliseconds)")
        }
        intent.final = source.snapshot
        intent.files = files.unfinished.map { HostFile.absolute($0) }
        intent.stamp()
        try intent.save(in: root)
        let partial = files.opened(files.partial)
        let file = try HostFile.anew(partial)
        // It is locked until it is in its place: so no other run puts its own there in its stead.
        defer { try? file.close() }  // it was flushed, or goes
        if let setAside = intent.setAside { try await zfs.rename(source.snapshot, to: setAside) }
        report.line("Snapshotting to \"\(source.snapshot)\"")
        try await zfs.snapshotMachine(source.snapshot)
        report.line("Sending image file to \"\(files.file)\"")
        // How much an increment has is not known before.
        let size = source.origin == nil ? try await zfs.contentSize(of: source.snapshot.dataset) : nil
        let written = try await report.transfers.moving(
            .create, of: manifest.uuid, title: manifest.title, total: size
        ) { transfer in
            try await ImageFileWriter(zfs: zfs, compression: compression, transfer: transfer)
                .write(source.snapshot, from: source.origin, to: file, partial)
        }
        var manifest = manifest
        var described: JSONObject = [
            "size": .number(JSONNumber(Int(written.size))), "compression": .string(compression.rawValue),
            "sha1": .string(written.sha1), "digest": .string("sha256:\(written.sha256)"),
        ]
        if let guid = written.snapshotGUID { described["dataset_guid"] = .string("\(guid)") }
        manifest.setFile(.object(described))
        report.line("Saving manifest to \"\(files.manifest)\"")
        try await files.settle(manifest, report) {
            try HostFile.rename(partial, to: files.opened(files.file))
        }
        return CreatedImage(
            manifest: manifest, file: files.file, manifestFile: files.manifest, bytes: written.size,
            openedFile: files.opened(files.file), openedManifest: files.opened(files.manifest))
    }
}
