import RawBytes

/// The partition table of a UEFI machine (UEFI 2.10, §5.3).
enum GPTTable {
    private static let sectorSizes = [512, 4096]

    /// The partitions; nil if there is no such table.
    static func partitions(_ head: [UInt8]) -> [DiskContent.Partition]? {
        guard let sector = sectorSizes.first(where: { head.has(Array("EFI PART".utf8), at: $0) }),
            head.count >= sector + 92
        else { return nil }
        let header = head[sector...]
        let start = header.little(72, 8)
        let count = min(header.little(80, 4), 128)
        let size = header.little(84, 4)
        // The table lies behind the header; one that is said to lie elsewhere is not looked for.
        guard size >= 128, size <= 4096, let first = Int(exactly: start), first < head.count / sector else { return [] }
        return (0..<Int(count)).compactMap { index in
            let place = first * sector + index * Int(size)
            guard head.count >= place + 128 else { return nil }
            return partition(head[place..<(place + 128)], number: index + 1, sector: UInt64(sector))
        }
    }

    private static func partition(
        _ entry: ArraySlice<UInt8>, number: Int, sector: UInt64
    ) -> DiskContent.Partition? {
        guard entry.prefix(16).contains(where: { $0 != 0 }) else { return nil }
        let (first, last) = (entry.little(32, 8), entry.little(40, 8))
        let (offset, overflow) = first.multipliedReportingOverflow(by: sector)
        guard last >= first, !overflow, last < UInt64.max / sector else { return nil }
        let units = stride(from: 56, to: 128, by: 2).map { UInt16(truncatingIfNeeded: entry.little($0, 2)) }
        let name = String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
        let guid = guidText(entry)
        return DiskContent.Partition(
            number: number, offset: offset, size: (last - first + 1) * sector, type: types[guid] ?? guid,
            name: name.isEmpty ? nil : name)
    }

    /// Three numbers little-endian, then bytes (UEFI 2.10, appendix A).
    private static func guidText(_ entry: ArraySlice<UInt8>) -> String {
        let bytes = Array(entry.prefix(16))
        let parts = [[3, 2, 1, 0], [5, 4], [7, 6], [8, 9], [10, 11, 12, 13, 14, 15]]
        return parts.map { Hexadecimal.text($0.map { bytes[$0] }) }.joined(separator: "-")
    }

    private static let types = [
        "c12a7328-f81f-11d2-ba4b-00a0c93ec93b": "efi-system", "21686148-6449-6e6f-744e-656564454649": "bios-boot",
        "0fc63daf-8483-4772-8e79-3d69d8477de4": "linux", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f": "linux-swap",
        "4f68bce3-e8cd-4db1-96e7-fbcaf984b709": "linux-root-x86-64",
        "b921b045-1df0-41c3-af44-4c6f280d3fae": "linux-root-arm64",
        "bc13c2ff-59e6-4262-a352-b275fd6f7172": "linux-boot", "e6d6d379-f507-44c2-a23c-238f2a3df928": "linux-lvm",
        "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7": "windows-data",
        "e3c9e316-0b5c-4db8-817d-f92df00215ae": "windows-reserved",
        "de94bba4-06d1-4d40-a16a-bfd50179d6ac": "windows-recovery",
        "83bd6b9d-7f41-11dc-be0b-001560b84f0f": "freebsd-boot",
        "516e7cb6-6ecf-11d6-8ff8-00022d09712b": "freebsd-ufs", "516e7cb5-6ecf-11d6-8ff8-00022d09712b": "freebsd-swap",
        "516e7cba-6ecf-11d6-8ff8-00022d09712b": "freebsd-zfs",
        "6a898cc3-1dd2-11b2-99a6-080020736631": "solaris-usr-zfs",
    ]
}

/// The partition table of a PC's boot sector.
enum MBRTable {
    /// The four primary partitions; nil if there is no such table: file systems have the same signature in their first sector.
    static func partitions(_ head: [UInt8]) -> [DiskContent.Partition]? {
        guard head.has([0x55, 0xaa], at: 510) else { return nil }
        let entries = (0..<4).map { head[(446 + 16 * $0)..<(462 + 16 * $0)] }
        // The first byte says whether it boots, and nothing else.
        guard entries.allSatisfy({ $0.little(0, 1) & 0x7f == 0 }) else { return nil }
        let found = entries.enumerated().compactMap { index, entry -> DiskContent.Partition? in
            let type = UInt8(truncatingIfNeeded: entry.little(4, 1))
            let (first, count) = (entry.little(8, 4), entry.little(12, 4))
            guard type != 0, count > 0 else { return nil }
            return DiskContent.Partition(
                number: index + 1, offset: first * 512, size: count * 512,
                type: types[type] ?? "0x\(String(type, radix: 16))")
        }
        return found.isEmpty ? nil : found
    }

    private static let types: [UInt8: String] = [
        0x05: "extended", 0x07: "windows-data", 0x0b: "fat", 0x0c: "fat", 0x0f: "extended", 0x82: "linux-swap",
        0x83: "linux", 0x8e: "linux-lvm", 0xa5: "freebsd", 0xbf: "solaris", 0xee: "gpt", 0xef: "efi-system",
    ]
}

extension ArraySlice<UInt8> {
    /// A little-endian number of up to 8 bytes, counted from the slice's beginning.
    func little(_ offset: Int, _ count: Int) -> UInt64 {
        self[(startIndex + offset)..<(startIndex + offset + count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
