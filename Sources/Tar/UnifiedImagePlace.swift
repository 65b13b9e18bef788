/// Where an entry stands in an image of incus or LXD in one file (a unified tarball): `metadata.yaml`, `templates/`, and the files of a
/// system in `rootfs/` or a disk in `rootfs.img`, in whatever order (incus, doc/reference/image_format.md).
public enum UnifiedImagePlace: Sendable, Hashable {
    /// The archive's own root.
    case top
    /// `metadata.yaml`, or of `templates`.
    case description
    /// In `rootfs`, at that path; an empty one is the folder itself.
    case system([UInt8])
    /// `rootfs.img`.
    case disk
    /// No such image has that.
    case elsewhere

    /// - Parameter path: as it stands in the archive, or of a hard link where it leads.
    public init(of path: [UInt8]) {
        let plain = Self.plain(path)
        if plain.isEmpty {
            self = .top
        } else if plain.elementsEqual("rootfs.img".utf8) {
            self = .disk
        } else if let inside = Self.below("rootfs", plain) {
            self = .system(Array(inside))
        } else if Self.below("metadata.yaml", plain) != nil || Self.below("templates", plain) != nil {
            self = .description
        } else {
            self = .elsewhere
        }
    }

    /// Without what says that it begins at the archive's root, and without slashes at its end.
    private static func plain(_ path: [UInt8]) -> ArraySlice<UInt8> {
        var rest = path[...]
        let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
        while true {
            if rest.first == slash {
                rest.removeFirst()
            } else if rest.first == dot, rest.count == 1 || rest.dropFirst().first == slash {
                rest.removeFirst()
            } else {
                break
            }
        }
        while rest.last == slash { rest.removeLast() }
        return rest
    }

    /// What follows a folder's name in a path: empty for the folder itself, nil for what is not in it.
    private static func below(_ folder: String, _ path: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard path.starts(with: folder.utf8) else { return nil }
        let rest = path.dropFirst(folder.utf8.count)
        guard let first = rest.first else { return rest }
        return first == UInt8(ascii: "/") ? rest.dropFirst() : nil
    }
}
