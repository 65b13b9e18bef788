public import Compression
import Failure
public import ImageModel

extension CompressionFormat {
    /// The compression that a manifest states; nil where it states none.
    ///
    /// - Throws: `InvalidManifest` for one nobody knows.
    public init?(of manifest: Manifest) throws {
        guard let name = manifest.files.first?.compression else { return nil }
        guard let format = CompressionFormat(rawValue: name) else {
            throw Failure(
                .invalidManifest, "the manifest of image \(manifest.uuid) states an unknown compression \"\(name)\"",
                hint: "known: \(CompressionFormat.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self = format
    }
}
