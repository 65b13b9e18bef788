import Host
import ImageModel
import JSON

/// An image file that is to be written, and the manifest beside it.
struct NewImageFile {
    private var manifest: Manifest
    private let guid: UInt64
    private let request: ConvertRequest
    private let sources: [GivenFile]

    /// - Parameters:
    ///   - guid: of the image's snapshot.
    ///   - sources: the files of which it is made.
    init(_ manifest: Manifest, guid: UInt64, of sources: [GivenFile], _ request: ConvertRequest) {
        self.sources = sources
        self.manifest = manifest
        self.guid = guid
        self.request = request
    }

    /// - Parameters:
    ///   - total: bytes that will be read for it.
    ///   - content: writes the stream; it tells the transfer how much it has read.
    /// - Throws: `Usage`, `FileSystemError`, `NoSpace`; what `content` throws.
    consuming func write(
        _ report: Report, reading total: UInt64?, _ content: (OutputFile, Transfer) async throws -> Void
    ) async throws -> ConvertedImage {
        let files = try CreateFiles(
            nil, request.output, for: manifest, request.compression,
            OutputRule(
                isReplacing: request.isReplacing,
                sources: try sources.map(\.identity) + OutputRule.identities([request.manifestFile] + request.origins)))
        let sums = FileSums()
        let output = try OutputFile(files.file, files.rule, sums: sums)
        report.line("Writing image file to \"\(files.file)\"")
        try await report.transfers.moving(
            .create, of: manifest.uuid, title: manifest.title, total: total.map { Int64(clamping: $0) }
        ) { transfer in
            try await content(output, transfer)
        }
        manifest.setFile(try ImageFiles.entry(output, sums, request.compression, guid: guid))
        report.line("Saving manifest to \"\(files.manifest)\"")
        // What was there goes only for what is whole on the disk.
        try output.flush()
        try await files.settle(manifest, report) { try output.commit() }
        report.did(
            .written(
                .converted, manifest, title: manifest.title, to: files.file, manifestFile: files.manifest,
                bytes: Int64(clamping: output.size)))
        return ConvertedImage(manifest: manifest, file: files.file, manifestFile: files.manifest)
    }
}
