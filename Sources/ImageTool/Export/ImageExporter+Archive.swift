import Failure
import ImageModel
import SendStream

extension ImageExporter {
    /// Writes the files of an image file.
    ///
    /// - Parameter file: one that can be read again.
    /// - Throws: `Usage`, `UnsupportedImage`, `InvalidFile`; `FileSystemError`, `NoSpace`.
    func archive(_ file: GivenFile, _ request: ExportRequest, _ report: Report) async throws {
        defer { file.rewind() }
        let head = try UnpackedFile(file).head
        let kind: ImageFileKind
        do {
            kind = try ImageFileKind(head)
        } catch {
            throw Failure(.invalidFile, "\"\(file.name)\" is a malformed stream", cause: error)
        }
        guard case .stream(let header) = kind, header.kind != .volume else { throw Self.noFiles(file.name) }
        let origins = try request.origins.map { name in
            let origin = try GivenFile(name)
            return try origin.isSeekable ? origin : GivenFile(keeping: origin)
        }
        try await archive(FilesSource(files: origins + [file]), request, report)
    }

    /// - Throws: as above; what ZFS says.
    func archive(_ source: some ArchiveSource, _ request: ExportRequest, _ report: Report) async throws {
        try await report.transfers.moving(.create, of: nil, title: request.image, total: nil) { transfer in
            let source = CountedSource(source: source, transfer: transfer)
            let export = try await ArchiveExport(source, request.image) { passes in
                // So much was read by the first of them. Nobody has 2^60 bytes that he has read.
                transfer.expect(transfer.done * Int64(passes))
            }
            for remark in export.remarks { report.warning(remark) }
            let output = try OutputFile(request.output, request.rule, sums: nil)
            try await source.withStreams { streams in
                var image = TreeArchive(export, streams)
                try await output.write(&image, request.format.compression)
            }
            try output.commit()
        }
    }

    static func noFiles(_ name: String) -> Failure {
        Failure(
            .unsupportedImage, "\"\(name)\" is no image of a file system, so there are no files to make an archive of",
            hint: "of a disk, --format qcow2 or raw makes a file")
    }
}
