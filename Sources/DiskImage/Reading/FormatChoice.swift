/// Which format an image file has.
enum FormatChoice {
    /// - Returns: no map for a disk that is kept as it is.
    static func open(_ bytes: inout DiskBytes) throws -> (DiskFormat, (any DiskMap)?) {
        var first = [UInt8](repeating: 0, count: 512)
        let count = try unsafe first.withUnsafeMutableBytes { try unsafe bytes.read(at: 0, into: $0) }
        first.removeSubrange(count...)
        if first.starts(with: QCOW2Header.magic) { return (.qcow2, try QCOW2Map(&bytes)) }
        if first.starts(with: VMDKHeader.magic) {
            let header = try VMDKHeader(reading: &bytes)
            let isWalked = header.directory == VMDKHeader.atEnd && bytes.fileSize == nil
            return (.vmdk, isWalked ? VMDKStreamMap(header) : try VMDKMap(header, &bytes))
        }
        if first.starts(with: VHDFooter.magic) { return (.vhd, try VHDMap(&bytes)) }
        if first.starts(with: VHDXHeader.magic) { return (.vhdx, try VHDXMap(&bytes)) }
        if let other = others.first(where: { first.dropFirst($0.offset).starts(with: $0.magic) }) {
            throw DiskError(.unsupported, at: UInt64(other.offset), other.what)
        }
        if let stream = streams.first(where: { first.dropFirst($0.offset).starts(with: $0.magic) }) {
            throw DiskError(
                .notADisk, at: UInt64(stream.offset), "it is a ZFS send stream, which is an image file already")
        }
        if try bytes.isFixedVHD() { return (.vhd, nil) }
        return (.raw, nil)
    }

    /// What must not be taken for a disk that is kept as it is.
    private static let others: [(offset: Int, magic: [UInt8], what: String)] = [
        (0, Array("# Disk DescriptorFile".utf8), "a description of a VMDK whose content is in other files"),
        (0, Array("COWD".utf8), "a VMDK of the old kind of ESX (COWD)"),
        (64, [0x7f, 0x10, 0xda, 0xbe], "a disk of VirtualBox (VDI): qemu-img convert makes a qcow2 of it"),
        (0, Array("QED\0".utf8), "a disk of the QED format: qemu-img convert makes a qcow2 of it"),
        (0, Array("WithoutFreeSpace".utf8), "a disk of Parallels: qemu-img convert makes a qcow2 of it"),
        (0, Array("WithouFreSpacExt".utf8), "a disk of Parallels: qemu-img convert makes a qcow2 of it"),
    ]

    /// `DMU_BACKUP_MAGIC` in both byte orders, behind type and length of the first record.
    private static let streams: [(offset: Int, magic: [UInt8])] = [
        (8, [0xac, 0xcb, 0xba, 0xf5, 0x02, 0, 0, 0]), (8, [0, 0, 0, 2, 0xf5, 0xba, 0xcb, 0xac]),
    ]
}
