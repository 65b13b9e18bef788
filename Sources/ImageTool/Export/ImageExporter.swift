import Compression
import DiskImage
import Failure
import Host
import ImageModel
import ImageStore
import JSON
import SendStream
import SystemPackage
public import ZFS

/// Writes images as files of other formats, from an installed image, which is neither mounted nor opened as a device, or from an
/// image file, on a host without ZFS, too. The same image gives the same bytes.
public struct ImageExporter: Sendable {
    let tool: ImageTool
    let zfs: ZFS

    public init(tool: ImageTool, zfs: ZFS) {
        self.tool = tool
        self.zfs = zfs
    }

    /// - Throws: `Usage`, `ImageNotInstalled`, `UnsupportedImage`, `InvalidFile`, `InvalidStream`, `UnexpectedOrigin`; what ZFS
    ///   says; `FileSystemError`, `NoSpace`.
    public func export(_ request: ExportRequest, _ report: Report) async throws {
        var installed: InstalledImage?
        if try FileName.isMeant(by: request.image) {
            try await withTaskExecutorPreference(DedicatedThread("export")) {
                let file = try GivenFile(request.image)
                var request = request
                request.sources = try [file.identity] + OutputRule.identities(request.origins)
                try await exportFile(file, request, report)
            }
        } else {
            installed = try await exportInstalled(request, report)
        }
        // On standard output there is the file.
        guard let output = request.output else { return }
        var result = ImageResult.written(
            .exported, installed?.manifest, title: "\"\(request.image)\"", to: output,
            manifestFile: installed != nil && request.format.kind == .zfs
                ? FilePath("\(CreateFiles.startBesides(output)).imgmanifest") : nil,
            bytes: try HostFile.size(output))
        result.pool = installed?.pool
        report.did(result)
    }

    // MARK: an image file

    private func exportFile(_ file: GivenFile, _ request: ExportRequest, _ report: Report) async throws {
        if request.format.kind == .zfs { return try await repack(file, request, report) }
        if request.format.kind == .tar { return try await archive(file, request, report) }
        // It is read twice: first for what of it is not zero.
        let file = file.isSeekable ? file : try GivenFile(keeping: file)
        if try Self.isStream(file) {
            let origins = try request.origins.map { try GivenFile($0) }
            let chain = try VolumeFileChain(file, origins: origins)
            try Self.checkVolume(try VolumeFileChain.header(file), request.image)
            try await write(request, report) { size in
                // What an increment takes away from a volume's end is not told by its stream.
                let known = try size ?? (chain.isLayered ? chain.facts().size : nil)
                return VolumeContent(try chain.windows(), size: known)
            }
        } else {
            let disk = try DiskSourceFile(file)
            try await write(request, report) { _ in try VolumeContent(disk) }
        }
    }

    private static func isStream(_ file: GivenFile) throws -> Bool {
        guard RawDiskName.compression(of: file.name) == nil else { return false }
        let head = try UnpackedFile(file).head
        defer { file.rewind() }
        // A malformed one is told once it is read as a stream.
        return (try? ImageFileKind(head)).map { if case .stream = $0 { true } else { false } } ?? true
    }

    private static func checkVolume(_ header: StreamHeader, _ name: String) throws {
        guard header.kind == .volume || header.isCompound else { throw noDisk(name) }
    }

    private static func noDisk(_ name: String) -> Failure {
        Failure(
            .unsupportedImage, "\"\(name)\" is an image of a file system, of which no disk can be made",
            hint: "--format zfs.gz makes an image file of it, tar an archive")
    }

    /// Packs an image file anew.
    private func repack(_ file: GivenFile, _ request: ExportRequest, _ report: Report) async throws {
        if file.isSeekable, try !Self.isStream(file) {
            throw Failure(
                .unsupportedImage,
                "\"\(file.name)\" is a disk or an archive, and no image file that could be packed anew",
                hint: "imgadm convert -o \(request.output?.string ?? "FOLDER") \(file.name) makes one of it")
        }
        let unpacked = try UnpackedFile(file)
        var copy = StreamCopy("\"\(file.name)\"") { body in try unpacked.readPiece(body) }
        let manifest = try file.path.flatMap { try ImageFiles.manifest(beside: $0) }
        if manifest == nil, request.output != nil {
            report.warning("there is no manifest beside \"\(file.name)\", so none is written")
        }
        try await writeImageFile(&copy, manifest, request, report)
    }

    private func writeImageFile(
        _ copy: inout StreamCopy, _ manifest: Manifest?, _ request: ExportRequest, _ report: Report
    ) async throws {
        let files = try request.output.map {
            try CreateFiles(repackedTo: $0, hasManifest: manifest != nil, request.rule)
        }
        let sums = FileSums()
        let output = try OutputFile(request.output, request.rule, sums: sums)
        try await report.transfers.moving(
            .create, of: manifest?.uuid, title: manifest?.title ?? request.image, total: nil
        ) { transfer in
            try await output.write(&copy, request.format.compression) { transfer.advance(to: Int64(clamping: $0)) }
        }
        guard var manifest, let files else { return try output.commit() }
        manifest["files"] = [try ImageFiles.entry(output, sums, request.format.compression, guid: copy.header?.guid)]
        try await files.settle(manifest, report) { try output.commit() }
        report.line("Saved manifest to \"\(files.manifest)\"")
    }

    // MARK: an installed image

    private func exportInstalled(_ request: ExportRequest, _ report: Report) async throws -> InstalledImage {
        let uuid = try await tool.installed(request.image, noFileIn: request.pool)
        guard let image = try await tool.store.image(uuid, in: request.pool) else {
            throw ImageNotInstalled(uuid, request.pool)
        }
        try await tool.store.reading(image) { try await exportInstalled(image, request, report) }
        return image
    }

    private func exportInstalled(
        _ image: InstalledImage, _ request: ExportRequest, _ report: Report
    ) async throws {
        let uuid = image.uuid
        let name = request.pool.dataset.child(uuid.description)
        guard let snapshot = name.snapshot("final"), try await !zfs.existing([snapshot]).isEmpty else {
            throw Failure(
                .imageMissingOriginalSnapshot, "image \(uuid) has no snapshot @final, of which it is exported")
        }
        try await withTaskExecutorPreference(DedicatedThread("export")) {
            if request.format.kind == .zfs {
                guard image.manifest.type != "docker" else {
                    throw Failure(
                        .unsupportedImage,
                        "image \(uuid) is a layer of a docker image, which each host unpacks for itself: its stream would be no image elsewhere"
                    )
                }
                try await zfs.send(snapshot, from: image.origin) { output in
                    var copy = StreamCopy("\"\(snapshot)\"") { body in
                        let bytes = try output.read(1 << 20)
                        if !bytes.isEmpty { try unsafe body(bytes.span.bytes) }
                        return !bytes.isEmpty
                    }
                    try await writeImageFile(&copy, image.manifest, request, report)
                }
            } else if request.format.kind == .tar {
                guard image.manifest.type != "zvol" else { throw Self.noFiles(request.image) }
                try await archive(SnapshotSource(zfs: zfs, snapshot: snapshot), request, report)
            } else {
                guard try await zfs.dataset(name)?.kind == .volume else { throw Self.noDisk(request.image) }
                try await exportVolume(snapshot, request, report)
            }
        }
    }

    /// Reads the stream of a volume twice, whole, without what it builds on: snapshots do not change.
    private func exportVolume(_ snapshot: SnapshotName, _ request: ExportRequest, _ report: Report) async throws {
        var pass = MapVisitor()
        let (size, map) = try await zfs.send(snapshot, from: nil) { output in
            let stream = VolumeStream("\"\(snapshot)\"", output)
            // What it is, is told before it is read.
            _ = try stream.peek()
            let size = try VolumeContent(StreamWindows(stream, on: nil)).readAll(to: &pass)
            return (size, pass.map)
        }
        try await zfs.send(snapshot, from: nil) { output in
            let stream = VolumeStream("\"\(snapshot)\"", output)
            try await write(
                VolumeContent(StreamWindows(stream, on: nil), size: size), size: size, map: map, request, report)
        }
    }

    // MARK: disks

    /// - Parameter open: reads the volume from its beginning; given its size, where that is known.
    private func write(
        _ request: ExportRequest, _ report: Report, _ open: (UInt64?) throws -> VolumeContent
    ) async throws {
        var pass = MapVisitor()
        let size = try open(nil).readAll(to: &pass)
        try await write(try open(size), size: size, map: pass.map, request, report)
    }

    private func write(
        _ content: VolumeContent, size: UInt64, map: ClusterMap, _ request: ExportRequest, _ report: Report
    ) async throws {
        let output = try OutputFile(request.output, request.rule, sums: nil)
        do {
            try await report.transfers.moving(.create, of: nil, title: request.image, total: nil) { transfer in
                let advance = { (count: UInt64) in transfer.advance(to: Int64(clamping: count)) }
                if request.format.kind == .qcow2 {
                    var image = try QCOW2Image(content, size: size, map: map)
                    try await output.write(&image, .none, advance: advance)
                } else if request.format.compression == .none, request.output != nil {
                    var file = SparseFile(output: output, size: size)
                    _ = try content.readAll(to: &file)
                    try output.resize(to: size)
                } else {
                    var image = RawImage(content, size: size)
                    try await output.write(&image, request.format.compression, advance: advance)
                }
            }
        } catch let error as DiskError where error.reason == .order {
            throw ImageTool.changedMeanwhile
        } catch let error as DiskError {
            throw Failure(.unsupportedImage, "\"\(request.image)\" cannot be written in this format", cause: error)
        }
        try output.commit()
    }
}

/// Notes which parts of a volume are not zero.
private struct MapVisitor: DiskVisitor {
    var map = ClusterMap()
    mutating func data(_ bytes: RawSpan, at offset: UInt64) throws { try map.add(bytes, at: offset) }
}

/// Writes a disk with holes.
private struct SparseFile: DiskVisitor {
    let output: OutputFile
    let size: UInt64
    private static let grain = 64 << 10

    func data(_ bytes: RawSpan, at offset: UInt64) throws {
        var start: Int?
        for place in stride(from: 0, to: bytes.byteCount, by: Self.grain) {
            let end = min(place + Self.grain, bytes.byteCount)
            if bytes.extracting(place..<end).hasContent {
                start = start ?? place
            } else if let from = start {
                try output.write(bytes.extracting(from..<place), at: offset + UInt64(from))
                start = nil
            }
        }
        if let from = start {
            try output.write(bytes.extracting(from..<bytes.byteCount), at: offset + UInt64(from))
        }
    }
}

extension RawSpan {
    /// It is not all zeros.
    var hasContent: Bool {
        unsafe withUnsafeBytes { bytes in
            var place = 0
            while place + 8 <= bytes.count {
                if unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) != 0 { return true }
                place += 8
            }
            return unsafe bytes[place...].contains { $0 != 0 }
        }
    }
}
