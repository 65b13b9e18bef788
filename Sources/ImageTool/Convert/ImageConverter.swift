import Failure
import Host
import SystemPackage

/// Makes image files of disks and of root file systems, without ZFS: the same file gives the same bytes everywhere.
public struct ImageConverter: Sendable {
    /// What a snapshot is called in a stream: whoever receives it gives it a name of his own.
    static let snapshotName = "image@final"

    public init() {}

    /// - Throws: `Usage`, `InvalidFile`, `UnsupportedImage`, `InvalidStream`, `UnexpectedOrigin`, `ManifestValidation`; `FileSystemError`,
    ///   `NoSpace`.
    @discardableResult
    public func convert(_ request: ConvertRequest, _ report: Report) async throws -> ConvertedImage {
        guard request.output != "-" else {
            throw Failure(
                .usage, "two files are written, a file and its manifest, and standard output is one",
                hint: "-o FOLDER; ./- is a file called so")
        }
        return try await withTaskExecutorPreference(DedicatedThread("convert")) {
            // What comes through a pipe is kept, since it is read twice.
            let source = try DiskSourceFile(try GivenFile(request.file))
            guard try ArchiveConverter.takes(source.file) else {
                return try await DiskConverter(request: request).convert(source, report)
            }
            return try await ArchiveConverter(request: request).convert(source.file, report)
        }
    }
}
