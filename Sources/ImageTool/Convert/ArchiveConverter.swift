import Failure
import ImageModel
import SendStream
import Tar

/// Makes image files of root file systems in archives.
struct ArchiveConverter {
    let request: ConvertRequest

    /// Whether a file is an archive that could hold a root file system: not that of a virtual appliance, which begins with its
    /// description.
    ///
    /// - Throws: `InvalidFile` for what cannot be unpacked, or is called an appliance and is none; `UnsupportedImage` for a squashfs; `FileSystemError`.
    static func takes(_ file: GivenFile) throws -> Bool {
        guard RawDiskName.compression(of: file.name) == nil else { return false }
        defer { file.rewind() }
        let content = try UnpackedFile(file)
        // What is malformed, whoever reads it will say.
        switch try? ImageFileKind(content.head) {
        case .archive:
            guard !FileHead.holdsDisk(content.head) else { return false }
            if let refusal = ApplianceRefusal.failure(of: file.name, "\"\(file.name)\"") { throw refusal }
            return true
        case .squashfs:
            throw SquashfsRefusal.failure(file, in: content.compression, because: ", which convert does not read")
        default: return false
        }
    }

    /// - Parameter file: one that can be read again, at its beginning.
    func convert(_ file: GivenFile, _ report: Report) async throws -> ConvertedImage {
        guard request.origins.isEmpty else {
            throw Failure(
                .usage, "--origin is for disks, and \"\(file.name)\" is an archive: its image is always a whole one")
        }
        guard request.blockSize == nil else {
            throw Failure(.usage, "--volblocksize goes with a disk, and \"\(file.name)\" is an archive")
        }
        report.line("Reading archive \"\(file.name)\"")
        var hasher = DigestHasher(.sha256)
        let survey = try await report.transfers.moving(
            .read, of: nil, title: file.name, total: file.size.map { Int64(clamping: $0) }
        ) { transfer in
            try ArchiveSurvey(
                try UnpackedFile(file) {
                    hasher.update($0)
                    transfer.advance(by: $0.byteCount)
                })
        }
        var draft = ImageDraft(
            .root, fileName: request.fileName ?? "root", manifest: request.manifest, fields: request.fields)
        draft.release = survey.release
        guard let uuid = draft.uuid(try Self.digest(&hasher, of: file)) else {
            throw Failure(.manifestValidation, "invalid manifest: the UUID that was given is none")
        }
        if let remark = survey.ending.remark { report.warning("the archive \"\(file.name)\" \(remark)") }
        if survey.tree.lostAttributes > 0 {
            report.warning("extended attributes that ZFS does not keep are left out (\(survey.tree.lostAttributes))")
        }
        let manifest = try draft.manifest(uuid)
        let writer: FileSystemWriter
        do {
            writer = try FileSystemWriter(survey.tree.draft, name: ImageConverter.snapshotName, created: 0)
        } catch {
            throw ArchiveSurvey.failure(error, file.name)
        }
        file.rewind()
        return try await NewImageFile(manifest, guid: writer.guid, of: [file], request).write(
            report, reading: file.size
        ) { output, transfer in
            let content = try UnpackedFile(file) { transfer.advance(by: $0.byteCount) }
            var image = ArchiveImage(content, survey, writer)
            try await output.write(&image, request.compression)
        }
    }

    /// Of the whole file: behind the end of what is packed in it, there may be more.
    private static func digest(
        _ hasher: inout DigestHasher, of file: GivenFile
    ) throws -> ContentDigest {
        var rest = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try unsafe rest.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            if count == 0 { return hasher.finish() }
            unsafe hasher.update(rest.span.bytes.extracting(0..<count))
        }
    }
}
