import Failure
import ImageModel
import JSON

/// Reads what the superblock of a squashfs says (Linux, fs/squashfs/squashfs_fs.h). A squashfs has no checksums: all that can be seen of
/// damage is that its end is missing.
enum SquashfsInspector {
    private static let superblockLength = 96
    private static let compressions: [UInt64: String] = [
        1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd",
    ]

    /// - Throws: `InvalidFile`, `FileSystemError`.
    static func inspect(_ content: UnpackedFile) throws -> Inspection {
        let head = content.head
        var inspection = Inspection()
        guard head.count >= superblockLength else {
            inspection.damage = cut("it ends within its superblock")
            return inspection
        }
        func number(at place: Int, _ count: Int) -> UInt64 {
            head[place..<place + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let stated = number(at: 40, 8)
        var facts: JSONObject = ["size": .bytes(stated), "inodes": .bytes(number(at: 4, 4))]
        if let compression = compressions[number(at: 20, 2)] { facts["compression"] = .string(compression) }
        inspection.facts["squashfs"] = .object(facts)
        var length: UInt64 = 0
        try content.read { length += UInt64($0.byteCount) }
        if length < stated {
            inspection.damage = cut("it has \(length) of the \(stated) bytes that its superblock states")
        }
        return inspection
    }

    private static func cut(_ what: String) -> Failure { Failure(.invalidFile, "the squashfs is cut: \(what)") }
}
