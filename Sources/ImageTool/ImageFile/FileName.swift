import Host
import ImageModel
import SystemPackage

/// Whether a word on the command line is meant as a file: where a word may be one, or name an image.
public enum FileName {
    /// How files are called that are disks or archives: no name of an image or repository ends like that.
    private static let contents = [
        ".qcow2", ".img", ".raw", ".dd", ".vmdk", ".vhd", ".vhdx", ".ova", ".tar", ".tgz", ".txz", ".tzst", ".squashfs",
        ".sqfs",
    ]
    private static let manifest = ".imgmanifest"
    private static let streams = [".zfs", ".zvol", manifest]
    private static let packings = ["", ".gz", ".xz", ".zst", ".bz2"]

    /// It is called like a disk or an archive, of which an image can be made.
    public static func isOfContent(_ word: String) -> Bool { ends(word, with: contents) }

    /// It is called like the file or the manifest of an image, which go together.
    static func isOfStream(_ word: String) -> Bool { ends(word, with: streams) }

    static func isOfAppliance(_ word: String) -> Bool { ends(word, with: [".ova"]) }

    static func isManifest(_ word: String) -> Bool { word.lowercased().hasSuffix(manifest) }

    /// What a file and its manifest are both called.
    static func stem(_ word: String) -> String {
        for end in packings.reversed().flatMap({ packing in streams.map { $0 + packing } })
        where word.lowercased().hasSuffix(end) { return String(word.dropLast(end.count)) }
        return word
    }

    /// What the file of an image may be called.
    static func streams(of stem: String) -> [String] {
        streams.filter { $0 != manifest }.flatMap { kind in packings.map { stem + kind + $0 } }
    }

    /// It names a file: one that is there, or one that is called like an image file or begins like a path, whether it is
    /// there or not. A UUID is one of an image, whatever files there are; and a folder is no file.
    ///
    /// - Throws: `FileSystemError`, `PermissionDenied`.
    public static func isMeant(by word: String) throws -> Bool {
        if word == "-" || isPath(word) { return true }
        guard ImageUUID(typed: word) == nil else { return false }
        let path = FilePath(word)
        return try ends(word, with: contents + streams) || HostFile.exists(path) && !HostFile.isFolder(path)
    }

    /// It begins as no name of an image does.
    public static func isPath(_ word: String) -> Bool { ["/", "./", "../"].contains(where: word.hasPrefix) }

    private static func ends(_ word: String, with suffixes: [String]) -> Bool {
        let word = word.lowercased()
        return packings.contains { packing in
            word.hasSuffix(packing) && suffixes.contains(where: word.dropLast(packing.count).hasSuffix)
        }
    }
}
