public import SendStream

/// What an image file is, by its first bytes.
public enum ImageFileKind: Sendable {
    /// A stream of `zfs send`: how an image of a file system or a volume is kept.
    case stream(StreamHeader)
    /// A tar archive: a layer of a docker image, a root file system, or a virtual appliance (`.ova`).
    case archive
    /// A squashfs: the files of a root. One that is on a disk is called as a raw disk is.
    case squashfs
    /// A disk, whatever keeps it; for raw ones, with a partition table or a file system that is known.
    case disk
    /// JSON: most likely a manifest.
    case manifest
    case unknown

    /// - Parameter head: the first bytes, `UnpackedFile.headLength` at best.
    /// - Throws: `StreamError` for a malformed stream, also one that is cut in its first record.
    public init(_ head: [UInt8]) throws(StreamError) {
        if let header = try unsafe StreamHeader.read(whole: head.span.bytes) {
            self = .stream(header)
        } else if Self.isArchive(head) {
            self = .archive
        } else if DiskContent.fileSystem(head) == "squashfs" {
            self = .squashfs
        } else if Self.diskMagics.contains(where: { head.has($0.bytes, at: $0.offset) }) || Self.isBootSector(head) {
            self = .disk
        } else if head.first(where: { !" \t\r\n".utf8.contains($0) }).map({ "{[".utf8.contains($0) }) ?? false {
            self = .manifest
        } else {
            self = .unknown
        }
    }

    /// `ustar` in the header (POSIX.1-2017, pax), or one of the time before whose checksum holds.
    private static func isArchive(_ head: [UInt8]) -> Bool {
        guard head.count >= 512 else { return false }
        if head.has(Array("ustar".utf8), at: 257) { return true }
        let stated = head[148..<156].reduce(0) { sum, digit in
            (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) ? sum * 8 + Int(digit - 0x30) : sum
        }
        let sum = head[..<512].enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        return head[0] != 0 && sum == stated
    }

    /// Formats of disks, and on raw ones partition tables and file systems.
    private static let diskMagics: [(offset: Int, bytes: [UInt8])] =
        [
            (0, "QFI\u{fb}".unicodeScalars.map { UInt8($0.value) }), (0, Array("KDMV".utf8)),
            (0, Array("# Disk DescriptorFile".utf8)), (0, Array("conectix".utf8)), (0, Array("vhdxfile".utf8)),
            (512, Array("EFI PART".utf8)), (4096, Array("EFI PART".utf8)),
        ] + DiskContent.magics.map { ($0.offset, $0.bytes) }

    /// The signature of a boot sector, and a partition table behind the code that makes sense.
    private static func isBootSector(_ head: [UInt8]) -> Bool { head.has([0x55, 0xaa], at: 510) }
}

extension [UInt8] {
    func has(_ bytes: [UInt8], at offset: Int) -> Bool {
        count >= offset + bytes.count && self[offset..<(offset + bytes.count)].elementsEqual(bytes)
    }
}
