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
        // What comes through a pipe is kept, unless it is read only once.
        let file = file.isSeekable || request.format.kind == .zfs ? file : try GivenFile(keeping: file)
        if file.isSeekable { try Self.checkKind(of: file) }
        if request.format.kind == .zfs { return try await repack(file, request, report) }
        if request.format.kind == .tar { return try await archive(file, request, report) }
        if try Self.isStream(file) {
            let origins = try request.origins.map { try GivenFile($0) }
            let chain = try VolumeFileChain(file, origins: origins)
            try Self.checkVolume(try VolumeFileChain.header(file), request.image)
            try await write(request, report, size: nil) { size, advance in
                // What an increment takes away from a volume's end is not told by its stream.
                let known = try size ?? (chain.isLayered ? chain.facts().size : nil)
                return VolumeContent(try chain.windows(), size: known, advance: advance)
            }
        } else {
            let disk = try DiskSourceFile(file)
            let description = try disk.reader().description
            try FileHead.check(description, called: file.name, "\"\(file.name)\"")
            try await write(request, report, size: description.size) { _, advance in
                try VolumeContent(disk, advance: advance)
            }
        }
    }

    /// - Throws: `UnsupportedImage` for what is neither an image file nor a disk.
    private static func checkKind(of file: GivenFile) throws {
        guard RawDiskName.compression(of: file.name) == nil else { return }
        defer { file.rewind() }
        let content = try UnpackedFile(file)
        // A malformed one is told once it is read.
        switch try? ImageFileKind(content.head) {
        case .squashfs:
            throw SquashfsRefusal.failure(file, in: content.compression, because: ", which export does not read")
        case .archive where !FileHead.holdsDisk(content.head):
            if let refusal = ApplianceRefusal.failure(of: file.name, "\"\(file.name)\"") { throw refusal }
            let path = file.path == nil ? "FILE" : ShellWord.quoted(file.name)
            throw Failure(
                .unsupportedImage, "\"\(file.name)\" is an archive, which export does not read",
                hints: [
                    "imgadm convert -o FOLDER \(path) name=NAME version=VERSION makes an image file of a root file system",
                    "imgadm extract \(path) takes the files out of it",
                ])
        case .manifest: throw FileHead.isManifest(file.name)
        default: break
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
            hint: "-o NAME.zfs.gz makes an image file of it, -o NAME.tar an archive")
    }

    /// Packs an image file anew.
    private func repack(_ file: GivenFile, _ request: ExportRequest, _ report: Report) async throws {
        if file.isSeekable, try !Self.isStream(file) {
            throw Failure(
                .unsupportedImage,
                "\"\(file.name)\" is a disk, and no image file that could be packed anew",
                hint:
                    "imgadm convert -o \(ShellWord.quoted(request.output?.string ?? "FOLDER")) \(ShellWord.quoted(file.name)) makes one of it"
            )
        }
        let manifest = try file.path.flatMap { try ImageFiles.manifest(beside: $0) }
        if manifest == nil, request.output != nil {
            report.warning("there is no manifest beside \"\(file.name)\", so none is written")
        }
        try await writeImageFile(manifest, request, report, reading: file.size.map { Int64(clamping: $0) }) {
            transfer in
            let unpacked = try UnpackedFile(file) { transfer.advance(by: $0.byteCount) }
            return StreamCopy("\"\(file.name)\"") { body in try unpacked.readPiece(body) }
        }
    }

    /// - Parameters:
    ///   - total: bytes that will be read, or about so many.
    ///   - open: gives the stream, which tells the transfer how much of it was read.
    private func writeImageFile(
        _ manifest: Manifest?, _ request: ExportRequest, _ report: Report, reading total: Int64?,
        _ open: (Transfer) throws -> StreamCopy
    ) async throws {
        let files = try request.output.map {
            try CreateFiles(repackedTo: $0, hasManifest: manifest != nil, request.rule)
        }
        let sums = FileSums()
        let output = try OutputFile(request.output, request.rule, sums: sums)
        let guid = try await report.transfers.moving(
            .create, of: manifest?.uuid, title: manifest?.title ?? request.image, total: total
        ) { transfer in
            var copy = try open(transfer)
            try await output.write(&copy, request.format.compression)
            return copy.header?.guid
        }
        guard var manifest, let files else { return try output.commit() }
        // Of several snapshots in it, the manifest says which the image is.
        let stated = manifest.files.first?.datasetGUID.flatMap { UInt64($0) }
        manifest.setFile(try ImageFiles.entry(output, sums, request.format.compression, guid: guid ?? stated))
        // What was there goes only for what is whole on the disk.
        try output.flush()
        try await files.settle(manifest, report) { try output.commit() }
        report.line("Saved manifest to \"\(files.manifest)\"")
    }

    // MARK: an installed image

    private func exportInstalled(_ request: ExportRequest, _ report: Report) async throws -> InstalledImage {
        let uuid = try await tool.installed(request.image, noFileIn: request.pool)
        guard let image = try await tool.store.image(uuid, in: request.pool) else {
            throw ImageNotInstalled(uuid, request.pool)
        }
        try await tool.store.readingContent(image) { try await exportInstalled(image, request, report) }
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
                guard image.manifest.imageType != .docker else {
                    throw Failure(
                        .unsupportedImage,
                        "image \(uuid) is a layer of a docker image, which each host unpacks for itself: its stream would be no image elsewhere"
                    )
                }
                let size = image.origin == nil ? try await zfs.contentSize(of: name) : nil
                try await zfs.send(snapshot, from: image.origin) { output in
                    try await writeImageFile(image.manifest, request, report, reading: size) { transfer in
                        StreamCopy("\"\(snapshot)\"") { body in
                            let bytes = try output.read(1 << 20)
                            transfer.advance(by: bytes.count)
                            if !bytes.isEmpty { try unsafe body(bytes.span.bytes) }
                            return !bytes.isEmpty
                        }
                    }
                }
            } else if request.format.kind == .tar {
                guard image.manifest.imageType != .zvol else { throw Self.noFiles(request.image) }
                try await archive(SnapshotSource(zfs: zfs, snapshot: snapshot), request, report)
            } else {
                guard try await zfs.dataset(name)?.kind == .volume else { throw Self.noDisk(request.image) }
                try await exportVolume(snapshot, size: try await zfs.volumeSize(of: name), request, report)
            }
        }
    }

    /// Reads the stream of a volume twice, whole, without what it builds on: snapshots do not change.
    private func exportVolume(
        _ snapshot: SnapshotName, size: UInt64, _ request: ExportRequest, _ report: Report
    ) async throws {
        try await moving(request, report, size: size) { progress in
            var pass = MapVisitor()
            let (size, map) = try await zfs.send(snapshot, from: nil) { output in
                let stream = VolumeStream("\"\(snapshot)\"", output)
                // What it is, is told before it is read.
                _ = try stream.peek()
                let size = try VolumeContent(StreamWindows(stream, on: nil), advance: progress.first)
                    .readAll(to: &pass)
                return (size, pass.map)
            }
            let second = progress.second(of: size)
            try await zfs.send(snapshot, from: nil) { output in
                let windows = StreamWindows(VolumeStream("\"\(snapshot)\"", output), on: nil)
                try await write(VolumeContent(windows, size: size, advance: second), size: size, map: map, request)
            }
        }
    }

    // MARK: disks

    private func moving(
        _ request: ExportRequest, _ report: Report, size: UInt64?, _ work: (TwoPasses) async throws -> Void
    ) async throws {
        try await report.transfers.moving(
            .create, of: nil, title: request.image, total: size.map { Int64(clamping: $0) }
        ) { try await work(TwoPasses(transfer: $0)) }
    }

    /// - Parameters:
    ///   - size: of the volume, where that is known.
    ///   - open: reads the volume from its beginning; given its size, where that is known, and who is told how far it was read.
    private func write(
        _ request: ExportRequest, _ report: Report, size: UInt64?,
        _ open: (UInt64?, @escaping (UInt64) -> Void) throws -> VolumeContent
    ) async throws {
        try await moving(request, report, size: size) { progress in
            var pass = MapVisitor()
            let size = try open(nil, progress.first).readAll(to: &pass)
            try await write(try open(size, progress.second(of: size)), size: size, map: pass.map, request)
        }
    }

    private func write(
        _ content: VolumeContent, size: UInt64, map: ClusterMap, _ request: ExportRequest
    ) async throws {
        let output = try OutputFile(request.output, request.rule, sums: nil)
        do {
            if request.format.kind == .qcow2 {
                var image = try QCOW2Image(content, size: size, map: map)
                try await output.write(&image, .none)
            } else if request.format.compression == .none, request.output != nil {
                var file = SparseFile(output: output, size: size)
                _ = try content.readAll(to: &file)
                try output.resize(to: size)
            } else {
                var image = RawImage(content, size: size)
                try await output.write(&image, request.format.compression)
            }
        } catch let error as DiskError where error.reason == .order {
            throw ImageTool.changedMeanwhile
        } catch let error as DiskError {
            throw Failure(.unsupportedImage, "\"\(request.image)\" cannot be written in this format", cause: error)
        }
        try output.commit()
    }
}

/// How far a volume is that is read twice: of its bytes, each time is worth half.
private struct TwoPasses {
    let transfer: Transfer

    func first(_ reached: UInt64) { transfer.advance(to: Int64(clamping: reached / 2)) }

    /// - Parameter size: of the volume, as the first has found it.
    func second(of size: UInt64) -> (UInt64) -> Void {
        transfer.expect(Int64(clamping: size))
        return { transfer.advance(to: Int64(clamping: size - (size - min($0, size)) / 2)) }
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
