import Host
import ImageModel
import JSON

/// An image file that is to be written, and the manifest beside it.
struct NewImageFile {
    private var manifest: Manifest
    private let guid: UInt64
    private let request: ConvertRequest

    /// - Parameter guid: of the image's snapshot.
    init(_ manifest: Manifest, guid: UInt64, _ request: ConvertRequest) {
        self.manifest = manifest
        self.guid = guid
        self.request = request
    }

    /// - Parameter content: writes the stream; it tells how many bytes of the file there are.
    /// - Throws: `Usage`, `FileSystemError`, `NoSpace`; what `content` throws.
    consuming func write(
        _ report: Report, _ content: (OutputFile, (UInt64) -> Void) async throws -> Void
    ) async throws -> ConvertedImage {
        let files = try CreateFiles(
            nil, request.output, for: manifest, request.compression, isReplacing: request.isReplacing)
        let sums = FileSums()
        let output = try OutputFile(files.file, isReplacing: request.isReplacing, sums: sums)
        report.line("Writing image file to \"\(files.file)\"")
        try await report.transfers.moving(
            .create, of: manifest.uuid, title: manifest.title, total: nil
        ) { transfer in
            try await content(output) { transfer.advance(to: Int64(clamping: $0)) }
        }
        manifest["files"] = [ImageFiles.entry(output, sums, request.compression, guid: guid)]
        try await files.settle(manifest, report) { try output.commit() }
        report.did(
            .written(
                .converted, manifest, title: manifest.title, to: files.file, manifestFile: files.manifest,
                bytes: Int64(clamping: output.size)))
        return ConvertedImage(manifest: manifest, file: files.file, manifestFile: files.manifest)
    }
}
