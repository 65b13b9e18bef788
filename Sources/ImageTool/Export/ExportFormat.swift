public import Compression
import Failure

/// What `export` makes of an image.
public struct ExportFormat: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// A disk for QEMU and most of what runs virtual machines.
        case qcow2
        /// A disk as it is.
        case raw
        /// The image file, with its manifest beside it.
        case zfs
        /// The files of a file system.
        case tar
    }

    public var kind: Kind
    public var compression: CompressionFormat

    /// The names of all formats, for messages and completion.
    public static let names = [
        "qcow2", "raw", "raw.gz", "raw.xz", "raw.zst", "zfs", "zfs.gz", "zfs.bz2", "zfs.xz", "zfs.zst",
        "tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst",
    ]

    /// The format that a file's name, or an option, tells: `disk.qcow2`, `raw.gz`, `web-1.0.0.zvol.gz`.
    ///
    /// - Throws: `Usage` if it is none.
    public init(_ name: String) throws {
        var name = name.lowercased()[...]
        compression = .none
        for format in CompressionFormat.allCases where format != .none && name.hasSuffix(format.fileSuffix) {
            compression = format
            name = name.dropLast(format.fileSuffix.count)
        }
        let suffix = name.split(separator: ".", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        switch suffix {
        case "raw", "img": kind = .raw
        case "qcow2" where compression == .none: kind = .qcow2
        case "zfs", "zvol": kind = .zfs
        case "tar": kind = .tar
        default:
            throw Failure(
                .usage, "\"\(name)\" tells no format to export to",
                hint: "--format says it: \(Self.names.joined(separator: ", "))")
        }
    }
}
