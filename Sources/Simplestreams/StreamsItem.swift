public import ImageModel
import JSON

/// A file of a version.
public struct StreamsItem: Sendable, Hashable {
    public let path: ServerPath
    /// In bytes.
    public let size: Int64
    public let sha256: ContentDigest
}

/// How the file that makes an image is packed.
public enum StreamsForm: String, Sendable, CaseIterable {
    /// The files of a root, as a tar archive compressed with xz.
    case rootTar = "root.tar.xz"
    /// The files of a root, as a squashfs.
    case squashfs
    /// A qcow2 disk.
    case disk = "disk-kvm.img"
    /// The same, as Ubuntu calls it.
    case disk1 = "disk1.img"
    /// The same, for machines that start by UEFI.
    case uefi1 = "uefi1.img"
    /// One tar archive of metadata and image: of a root in `rootfs/`, or of a disk in `rootfs.img`.
    case combined = "incus_combined.tar.gz"

    /// By the `ftype` of an item; nil for what makes no image, as deltas and manifests.
    init?(fileType: String) {
        guard let form = Self(rawValue: fileType == "lxd_combined.tar.gz" ? Self.combined.rawValue : fileType) else {
            return nil
        }
        self = form
    }

    /// What an item of this form makes; for a combined one its `combined_type` tells.
    func kind(combinedType: String?) -> ContentUUID.Kind {
        switch self {
        case .rootTar, .squashfs: .root
        case .disk, .disk1, .uefi1: .disk
        case .combined: combinedType == "virtual-machine" ? .disk : .root
        }
    }

    /// Of several files that make the same, the first of these is taken: an archive streams, a squashfs does not.
    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The member of the metadata item that has the SHA-256 over metadata and this file.
    var combinedHashes: [String] {
        switch self {
        case .rootTar: ["combined_rootxz_sha256", "combined_sha256"]
        case .squashfs: ["combined_squashfs_sha256"]
        case .disk: ["combined_disk-kvm-img_sha256"]
        case .disk1: ["combined_disk1-img_sha256"]
        case .uefi1: ["combined_uefi1-img_sha256"]
        case .combined: []
        }
    }
}
