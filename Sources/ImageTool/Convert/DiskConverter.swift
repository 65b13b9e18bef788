import Compression
import DiskImage
import Failure
import Host
import ImageModel
import JSON
import SendStream
import SystemPackage

/// Makes image files of disks.
struct DiskConverter {
    let request: ConvertRequest

    func convert(_ source: DiskSourceFile, _ report: Report) async throws -> ConvertedImage {
        let origin = try Origin(request.origins)
        guard origin == nil || request.blockSize == nil else {
            throw Failure(.usage, "--volblocksize does not go with --origin: an increment has the blocks of its origin")
        }
        let description = try source.reader().description
        report.line("Reading \(description.text) \"\(source.file.name)\"")
        let warning = try FileHead(of: source.file, named: source.file.name)?.warning
        if let warning { report.warning(warning) }
        if let name = request.fileName { try FileHead.check(description, called: name, "\"\(source.file.name)\"") }
        if description.format == .raw, try isOfUnknownKind(source.file) {
            report.warning(
                "\"\(source.file.name)\" has no partition table and no file system that is known: its bytes are taken for those of a disk"
            )
        }
        var draft = ImageDraft(
            .disk, fileName: request.fileName ?? "disk", manifest: request.manifest, fields: request.fields)
        draft.origin = origin?.manifest
        draft.isAsItIs = warning != nil
        // All bytes of the file, also those of holes, which may be terabytes.
        let hashed = draft.isNamedByFile ? source.file.bytes : nil
        async let digest = hashed?.digest(.sha256)
        // A child of a task with a thread of its own begins on that thread, and goes to its own from there.
        await Task.yield()
        let survey = try await report.transfers.moving(
            .read, of: nil, title: source.file.name, total: description.size.map { Int64(clamping: $0) }
        ) { transfer in
            try ContentSurvey(try VolumeContent(source) { transfer.advance(to: Int64(clamping: $0)) })
        }
        let size = survey.size
        var snapshot = VolumeSnapshot(
            name: ImageConverter.snapshotName, guid: 1, created: 0, size: size,
            blockSize: origin?.blockSize ?? request.blockSize ?? VolumeSnapshot.usualBlockSize,
            origin: origin.map { .init(guid: $0.guid, size: $0.size) })
        do {
            snapshot.guid = SnapshotGUID.derive(
                content: survey.digest, blockSize: snapshot.blockSize, volumeSize: try snapshot.volumeSize(),
                originGUID: origin?.guid)
        } catch {
            throw Failure(.unsupportedImage, "of \"\(source.file.name)\" no volume can be made", cause: error)
        }
        draft.size = size
        guard let uuid = draft.uuid(try await digest) else {
            throw Failure(.manifestValidation, "invalid manifest: the UUID that was given is none")
        }
        let manifest = try draft.manifest(uuid)
        return try await write(source, origin, snapshot, survey.mark, manifest, report)
    }

    private func write(
        _ source: DiskSourceFile, _ origin: Origin?, _ snapshot: VolumeSnapshot, _ mark: ContentMark,
        _ manifest: Manifest, _ report: Report
    ) async throws -> ConvertedImage {
        let sources = [source.file] + (origin?.files ?? [])
        return try await NewImageFile(manifest, guid: snapshot.guid, of: sources, request).write(
            report, reading: snapshot.size
        ) { output, transfer in
            let advance = { (reached: UInt64) in transfer.advance(to: Int64(clamping: reached)) }
            if let origin {
                var image = try IncrementImage(
                    try DiskWindows(source, advance: advance), on: try origin.chain.windows(), snapshot, mark: mark)
                try await output.write(&image, request.compression)
            } else {
                var image = try VolumeImage(try VolumeContent(source, advance: advance), snapshot, mark: mark)
                try await output.write(&image, request.compression)
            }
        }
    }

    private func isOfUnknownKind(_ file: GivenFile) throws -> Bool {
        defer { file.rewind() }
        guard !FileHead.isCalledDisk(request.fileName ?? file.name) else { return false }
        switch try? ImageFileKind(try UnpackedFile(file).head) {
        case .disk: return false
        case .manifest: throw FileHead.isManifest(file.name)
        // Also what begins as a stream and is none.
        default: return true
        }
    }

    /// What an increment builds on.
    private struct Origin {
        let manifest: Manifest
        /// Its own first.
        let files: [GivenFile]
        let chain: VolumeFileChain
        let guid: UInt64
        let size: UInt64
        let blockSize: Int

        /// - Returns: nil if there is none.
        init?(_ manifests: [String]) throws {
            guard let first = manifests.first else { return nil }
            let files = try ImageFiles(manifestAt: first)
            manifest = files.manifest
            guard manifest.imageType == .zvol else {
                throw Failure(.unexpectedOrigin, "image \(manifest.uuid) in \"\(first)\" is not of a disk (type zvol)")
            }
            let others = try manifests.dropFirst().map { try ImageFiles(manifestAt: $0).file }
            self.files = [files.file] + others
            chain = try VolumeFileChain(files.file, origins: others)
            (guid, size, blockSize) = try chain.facts()
        }
    }
}

extension DiskDescription {
    /// For people: `qcow2 (version 3, clusters of 65536 bytes) in gzip`.
    var text: String {
        "\(format.rawValue)\(detail.isEmpty ? "" : " (\(detail))")"
            + wrappers.reversed().map { " in \($0)" }.joined()
    }
}
