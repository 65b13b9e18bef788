import Failure
import ImageModel
import SendStream

extension ImageExporter {
    /// Writes the files of an image file.
    ///
    /// - Throws: `Usage`, `UnsupportedImage`, `InvalidFile`; `FileSystemError`, `NoSpace`.
    func archive(_ file: GivenFile, _ request: ExportRequest, _ report: Report) async throws {
        // What comes through a pipe is kept, since it is read several times.
        let kept = try file.isSeekable ? file : GivenFile(keeping: file)
        defer { kept.rewind() }
        let head = try UnpackedFile(kept).head
        guard case .stream(let header)? = try? ImageFileKind(head), header.kind != .volume else {
            throw Self.noFiles(file.name)
        }
        let origins = try request.origins.map { name in
            let origin = try GivenFile(name)
            return try origin.isSeekable ? origin : GivenFile(keeping: origin)
        }
        try await archive(FilesSource(files: origins + [kept]), request, report)
    }

    /// - Throws: as above; what ZFS says.
    func archive(_ source: some ArchiveSource, _ request: ExportRequest, _ report: Report) async throws {
        let export = try await ArchiveExport(source, request.image)
        for remark in export.remarks { report.warning(remark) }
        let output = try OutputFile(request.output, request.rule, sums: nil)
        try await report.transfers.moving(.create, of: nil, title: request.image, total: nil) { transfer in
            try await source.withStreams { streams in
                var image = TreeArchive(export, streams)
                try await output.write(&image, request.format.compression) { transfer.advance(to: Int64(clamping: $0)) }
            }
        }
        try output.commit()
    }

    static func noFiles(_ name: String) -> Failure {
        Failure(
            .unsupportedImage, "\"\(name)\" is no image of a file system, so there are no files to make an archive of",
            hint: "of a disk, --format qcow2 or raw makes a file")
    }
}
