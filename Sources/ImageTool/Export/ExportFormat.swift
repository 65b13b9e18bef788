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

    /// As the option says it.
    public var name: String { kind.rawValue + compression.fileSuffix }

    /// The format of a file, by its name and by the option that says it.
    ///
    /// - Parameter stated: counts where the name tells none.
    /// - Throws: `Usage` if neither tells one, or they contradict each other.
    public init(ofFile file: String?, stated: String?) throws {
        guard let stated else {
            self = try Self(file ?? "")
            return
        }
        self = try Self(stated)
        // A name need not tell one.
        guard let file else { return }
        // The flat extent of a VMDK is a disk as it is.
        if kind == .raw, compression == .none, file.lowercased().hasSuffix("-flat.vmdk") { return }
        if let other = Self.foreign(file) { throw other }
        let packing = CompressionFormat.allCases.first { $0 != .none && file.lowercased().hasSuffix($0.fileSuffix) }
        if let told = try? Self(file) {
            guard told != self else { return }
            throw Failure(
                .usage, "\"\(file)\" is called like a file of the format \(told.name), and --format says \(name)",
                hint: "without --format, the name tells it")
        }
        guard packing == nil || packing == compression else {
            throw Failure(
                .usage, "\"\(file)\" is called like a file that is packed otherwise than --format \(name) says",
                hint: "the formats are \(Self.names.joined(separator: ", "))")
        }
    }

    /// Why nothing is exported to a file whose name is that of a disk that others make; nil for another name.
    private static func foreign(_ file: String) -> Failure? {
        let formats = ["vmdk": "vmdk", "vhd": "vpc", "vhdx": "vhdx", "vdi": "vdi"]
        let parts = file.split(separator: ".")
        guard let suffix = parts.last?.lowercased(), parts.count > 1, let format = formats[suffix] else { return nil }
        let qcow2 = ShellWord.quoted(parts.dropLast().joined(separator: ".") + ".qcow2")
        return Failure(
            .usage, "\"\(file)\" is called like a disk of a format that is not written here",
            hint:
                "imgadm export -o \(qcow2) IMAGE, then qemu-img convert -O \(format) \(qcow2) \(ShellWord.quoted(file)) makes it"
        )
    }

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
            if let foreign = Self.foreign(String(name)) { throw foreign }
            throw Failure(
                .usage, "\"\(name)\" tells no format to export to",
                hint: "--format says it: \(Self.names.joined(separator: ", "))")
        }
    }
}
